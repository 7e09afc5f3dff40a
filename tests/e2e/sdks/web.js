// A page that asks for its flags with the official web provider, unmodified, and is told of changes by its stream.
import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';

const parameters = new URLSearchParams(location.search);
window.seen = [];
window.ready = (async () => {
  const provider = new OFREPWebProvider({
    baseUrl: parameters.get('flags'),
    headers: [['Authorization', `Bearer ${parameters.get('token')}`]],
    cacheMode: 'disabled',
  });
  OpenFeature.addHandler(ProviderEvents.ConfigurationChanged, () => window.seen.push('changed'));
  await OpenFeature.setProviderAndWait(provider, { targetingKey: 'u', plan: parameters.get('plan') ?? 'tin' });
  return true;
})();
window.ask = (flag, fallback) => OpenFeature.getClient().getBooleanDetails(flag, fallback);
