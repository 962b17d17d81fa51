/**
 * node:http for those who ask other programs something. An import of it would read each of its names, among them those of the web's
 * sockets, and so load a second HTTP client that nobody uses: 18 MB.
 */
export const { Agent, request } = process.getBuiltinModule('node:http')
