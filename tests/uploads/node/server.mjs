// @tus/server with its file store: node server.mjs FOLDER PORT MAX_SIZE
import { FileStore } from '@tus/file-store'
import { Server } from '@tus/server'

const [directory, port, maxSize] = process.argv.slice(2)
const expirationPeriodInMilliseconds = 72 * 3600 * 1000
const datastore = new FileStore({ directory, expirationPeriodInMilliseconds })
new Server({ path: '/api/uploads', datastore, maxSize: Number(maxSize), relativeLocation: true })
  .listen({ host: '127.0.0.1', port: Number(port) }, () => process.stdout.write('ready\n'))
