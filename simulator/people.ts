/** The people of the fake shop: who they are, and who is free to come in. */
import type { UserRole } from '#contracts/events.ts'
import type { Random } from './random.ts'

export type Person = { userId: string; name: string; role: UserRole; phoneNumber: string }

/** Ids of simulated people begin so: a real shop can tell them apart. */
export const SIMULATED_USER = '51515151-'

const NAMES =
  'Asha Bilal Chitra Dev Esha Farhan Gauri Harish Indu Jatin Kavya Lalit Meera Nikhil Oviya Pranav Rhea Sameer Tara Uday Veena Wasim Yash Zoya'.split(
    ' '
  )

/** Customers by the dozen, three operations people and one admin, the same for the same seed. */
export function gatherPeople(random: Random): Person[] {
  const customers = NAMES.map((name) => person(name, 'customer', random))
  const staff = ['Omkar', 'Priti', 'Rajan'].map((name) => person(name, 'operations', random))
  return [...customers, ...staff, person('Anita', 'admin', random)]
}

function person(name: string, role: UserRole, random: Random): Person {
  const hex = (digits: number) => Array.from({ length: digits }, () => random.whole(0, 15).toString(16)).join('')
  const userId = `${SIMULATED_USER}${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`
  return { userId, name, role, phoneNumber: phoneOf(userId) }
}

/** A simulated person's number follows from the id. */
export const phoneOf = (userId: string): string =>
  `+9198${String(Number.parseInt(userId.slice(-8), 16) % 100_000_000).padStart(8, '0')}`
