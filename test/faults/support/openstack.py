"""OpenStack Swift with its S3 interface on loopback, everything below one folder. Arguments: folder, port, key id, secret. Ends with its standard input."""
import os
import signal
import socket
import sys

import swift.common.utils
from swift.common.ring import RingBuilder
from swift.common.wsgi import run_wsgi

root, port, key, secret = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
user = __import__("pwd").getpwuid(os.getuid()).pw_name
head = "[DEFAULT]\nbind_ip = 127.0.0.1\nbind_port = {port}\nworkers = 0\nuser = %s\nswift_dir = %s\n" % (user, root)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def write(name, text):
    with open(os.path.join(root, name), "w") as file:
        file.write(text)


os.makedirs(root + "/devices/d1")
write("swift.conf", "[swift-hash]\nswift_hash_path_prefix = a\nswift_hash_path_suffix = b\n")
for kind in ("account", "container", "object"):
    own = free_port()
    ring = RingBuilder(4, 1, 1)
    ring.add_dev({"id": 0, "region": 1, "zone": 1, "ip": "127.0.0.1", "port": own, "device": "d1", "weight": 1})
    ring.rebalance()
    ring.get_ring().save("%s/%s.ring.gz" % (root, kind))
    disk = "devices = %s/devices\nmount_check = false\ndisable_fallocate = true\n" % root
    app = "[pipeline:main]\npipeline = {0}-server\n[app:{0}-server]\nuse = egg:swift#{0}\n".format(kind)
    write(kind + ".conf", head.format(port=own) + disk + app)
filters = ("catch_errors", "gatekeeper", "memcache", "s3api", "tempauth", "bulk", "slo", "copy")
settings = {
    "memcache": "memcache_servers = 127.0.0.1:1\n",
    "s3api": "location = in-south-1\n",
    "tempauth": "user_test_%s = %s .admin\n" % (key, secret),
}
proxy = "[pipeline:main]\npipeline = %s proxy-server\n[app:proxy-server]\nuse = egg:swift#proxy\naccount_autocreate = true\n" % " ".join(filters)
for name in filters:
    proxy += "[filter:{0}]\nuse = egg:swift#{0}\n".format(name) + settings.get(name, "")
write("proxy.conf", head.format(port=port) + proxy)
swift.common.utils.SWIFT_CONF_FILE = root + "/swift.conf"

children = []
for kind in ("account", "container", "object", "proxy"):
    child = os.fork()
    if child == 0:
        sys.argv = [kind]
        sys.exit(run_wsgi("%s/%s.conf" % (root, kind), kind + "-server", default_port=0))
    children.append(child)
sys.stdin.read()
for child in children:
    os.kill(child, signal.SIGKILL)
