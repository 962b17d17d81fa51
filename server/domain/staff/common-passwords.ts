/** The passwords people take first: words (any digits and marks around them are stripped before the look-up) and runs of keys. */

const WORDS = `
  password passwort passord motdepasse contrasena parola senha secret secrets letmein letmeinnow welcome welcomeback access
  accessdenied admin administrator superuser superadmin sysadmin adminadmin adminpassword rootroot toor root default changeme
  changemenow changeit temporary temppass temppassword guest guestguest testtest testing tester testuser test testpassword demo
  demodemo user username useruser login loginlogin signin master masterkey manager qwerty qwertyuiop qwertyui qwert asdfgh
  asdfghjkl asdfasdf asdf zxcvbn zxcvbnm zxcvbnmasdf qazwsx qazwsxedc qweasd qweasdzxc qwerasdf poiuytrewq lkjhgfdsa mnbvcxz
  azerty azertyuiop qwertz abcdef abcdefg abcdefgh abcdefghi abcabc abcd abc aaaaaa iloveyou iloveu ilove loveyou lovely loveme
  lover love sweetheart darling honey babygirl babyboy princess angel sunshine sunflower butterfly rainbow flower flowers
  blossom dragon monkey tiger lion eagle falcon wolf panther phoenix unicorn dolphin penguin elephant horse kitten kitty puppy
  doggy buster bailey charlie max rocky lucky shadow ginger pepper cookie coffee chocolate cheese banana orange apple cherry
  peaches football baseball basketball soccer hockey cricket tennis golf golfer cricketer liverpool arsenal chelsea barcelona
  realmadrid manchester juventus yankees lakers cowboys steelers packers superman batman spiderman ironman hulk starwars
  startrek pokemon pikachu naruto matrix gandalf hobbit harrypotter hogwarts voldemort jedi yoda darthvader avengers minecraft
  fortnite zelda mario sonic computer internet windows linux ubuntu macintosh android iphone samsung nokia google facebook
  instagram twitter youtube whatsapp amazon microsoft apache oracle mysql postgres postgresql database server service system
  network security secure firewall router switch cisco juniper netgear backup hello hellohello helloworld hithere goodbye
  goodmorning goodnight thankyou please whatever nothing something anything everything everyone nobody trustno trustnoone
  trustme ninja samurai warrior soldier hunter killer ranger knight pirate wizard magic mystery legend hero champion winner
  freedom forever together happiness happy smile smiley blessed blessing jesus jesuschrist christ heaven godisgood ganesha
  krishna shiva hanuman saibaba omsairam jaimatadi jaishreeram bismillah allah mohammed india bharat mumbai delhi newdelhi
  bangalore bengaluru chennai kolkata hyderabad pune sachin tendulkar dhoni kohli michael jennifer jessica ashley amanda daniel
  thomas robert jordan michelle andrew joshua matthew anthony nicole hannah samantha william george richard alexander alexandra
  victoria elizabeth patricia barbara stephanie christopher christian benjamin jonathan nicholas patrick maggie martin sandra
  natasha anastasia priya rahul rajesh suresh ramesh lakshmi deepak sanjay anjali pooja neha amit ankit january february march
  april monday tuesday wednesday thursday friday saturday sunday summer winter spring autumn summertime december november
  october september august london paris berlin newyork america england germany france canada australia brazil mexico california
  texas florida chicago boston houston money moneymoney dollar rupees million millionaire business company office work worker
  customer customers shop shopping shopkeeper store mystore storestore retail supermarket grocery checkout cashier market
  warehouse kiosk vending fridge shelf mercedes ferrari porsche corvette mustang harley yamaha honda toyota bmw jaguar camaro
  chevrolet metallica nirvana slipknot eminem beatles elvis guitar music musician rockstar rocknroll fuckyou fuckoff asshole
  bullshit bitch sexy sexsex pussy blowme opensesame sesame letmeinplease pass passpass passcode passphrase passwordpassword
  mypassword thepassword newpassword oldpassword nopassword yourpassword pwd qwertypassword adminqwerty
  correcthorsebatterystaple correct battery staple random pleasechange replace replaceme example sample samples secretpassword
  topsecret classified confidential private niflr niflrstore edge edgestore edgebox grabandgo`

const RUNS = `
  12345678 123456789 1234567890 12345678910 0123456789 9876543210 987654321 87654321 11111111 22222222 33333333 44444444
  55555555 66666666 77777777 88888888 99999999 00000000 12341234 11223344 112233445566 123123123 321321321 147258369 159357456
  789456123 741852963 963852741 1q2w3e4r 1q2w3e4r5t 1qaz2wsx 1qaz2wsx3edc q1w2e3r4 q1w2e3r4t5 zaq12wsx zaq1zaq1 a1b2c3d4
  abc12345 abcd1234 aa123456 a1234567 a12345678 qwe12345 qwer1234 asdf1234 zxcv1234 1234qwer 123qweasd 123456qwerty
  qwerty123456 1a2b3c4d 12qwaszx 19691969 20002000 20202020 13131313 10101010 12121212 01010101 69696969 01234567 31415926
  314159265 27182818 11112222 12344321 123454321 1234554321 12345687 123456780 1234567a 123456789a 123456aa 147147147 456456456
  789789789 987987987 135792468 246813579 1357924680 102030405 10203040 010203040506`

export const COMMON_PASSWORDS: ReadonlySet<string> = new Set(`${WORDS} ${RUNS}`.trim().split(/\s+/))
