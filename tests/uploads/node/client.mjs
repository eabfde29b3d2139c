// tus-js-client, told by a line of JSON what to send and where; says line by line how it went.
import fs from 'node:fs'
import { createInterface } from 'node:readline'
import tus from 'tus-js-client'

const say = (event) => process.stdout.write(JSON.stringify(event) + '\n')

const upload = (asked) => {
  const began = performance.now()
  const sending = new tus.Upload(fs.createReadStream(asked.path), {
    endpoint: asked.endpoint,
    uploadUrl: asked.url ?? null,
    headers: asked.headers ?? {},
    metadata: asked.metadata ?? {},
    chunkSize: asked.chunkSize ?? Infinity,
    uploadSize: fs.statSync(asked.path).size,
    uploadDataDuringCreation: asked.withCreation ?? false,
    retryDelays: asked.retryDelays ?? [],
    onUploadUrlAvailable: () => say({ url: sending.url }),
    onSuccess: ({ lastResponse }) => say({
      done: true,
      seconds: (performance.now() - began) / 1000,
      status: lastResponse.getStatus(),
      document: lastResponse.getHeader('Docvault-Document') ?? null,
    }),
    onError: (error) => say({
      failed: String(error.message).slice(0, 500),
      status: error.originalResponse?.getStatus() ?? 0,
      body: error.originalResponse?.getBody() ?? '',
    }),
  })
  sending.start()
}

createInterface({ input: process.stdin }).on('line', (line) => upload(JSON.parse(line)))
