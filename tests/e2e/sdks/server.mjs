// An application on Node: asks for a flag whenever a line comes in, with an official provider, unmodified.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const [folder, kind, address, token] = process.argv.slice(2);
const load = createRequire(`${folder}/package.json`);
const { OpenFeature } = load('@openfeature/server-sdk');

function provider() {
  if (kind === 'ofrep') {
    const { OFREPProvider } = load('@openfeature/ofrep-provider');
    return new OFREPProvider({ baseUrl: address, headers: [['Authorization', `Bearer ${token}`]] });
  }
  const { FlagdProvider } = load('@openfeature/flagd-provider');
  return new FlagdProvider({ resolverType: 'in-process', host: '127.0.0.1', port: Number(address), deadlineMs: 10000 });
}

await OpenFeature.setProviderAndWait(provider());
const client = OpenFeature.getClient();
console.log(JSON.stringify({ ready: true }));
for await (const line of createInterface({ input: process.stdin })) {
  const { flag, context, kind: type, fallback } = JSON.parse(line);
  const ask = { boolean: 'getBooleanDetails', string: 'getStringDetails', number: 'getNumberDetails', object: 'getObjectDetails' };
  const details = await client[ask[type]](flag, fallback, context);
  console.log(JSON.stringify(details));
}
await OpenFeature.close();
process.exit(0);
