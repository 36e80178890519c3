import { describe, expect, it } from 'vitest';

import { draftOf, inputOf, namesIn, newDraft, ruleProblems, settingsProblems } from '../src/lib/draft';
import { aBridge } from './fake-backend';

describe('a draft', () => {
  it('that was not changed saves the same settings, and leaves the passwords alone', () => {
    const bridge = aBridge();
    const input = inputOf(draftOf(bridge), bridge);
    expect(input.config).toMatchObject({
      name: 'home',
      following: ['mqtt_bob'],
      forwards: [
        { from: 'sensors/#', type: 'public', to: [] },
        { from: 'doors/#', type: 'private', to: ['mqtt_bob'] },
      ],
    });
    expect(input).toMatchObject({ replaces: 'home', node_password: null, broker_password: null });
  });

  it('keeps settings that no form shows', () => {
    const bridge = aBridge();
    const config = { ...bridge.config, broker: { ...bridge.config.broker, keepalive: 30 } };
    expect(inputOf(draftOf(bridge), { ...bridge, config }).config.broker).toMatchObject({ keepalive: 30 });
  });

  it('sends no receivers with a public rule', () => {
    const draft = { ...newDraft(), forwards: [{ from: 'a', type: 'public' as const, to: '@bob' }] };
    expect(inputOf(draft, null).config.forwards?.[0]?.to).toEqual([]);
  });

  it('has its rules’ problems under the app’s own field names', () => {
    const draft = {
      ...newDraft(),
      account: 'alice',
      publications: ['ok', 'a/#/b'],
      following: ['Bob'],
      forwards: [
        { from: 'a+', type: 'public' as const, to: '' },
        { from: 'a', type: 'private' as const, to: '' },
        { from: 'a', type: 'private' as const, to: '@alice' },
      ],
    };
    expect(Object.keys(ruleProblems(draft)).sort()).toEqual([
      'following[0]',
      'forwards[0].from',
      'forwards[1].to',
      'forwards[2].to',
      'publications[1]',
    ]);
  });

  it('has problems for what is missing in the settings', () => {
    expect(Object.keys(settingsProblems({ ...newDraft(), brokerUrl: ' ' })).sort()).toEqual([
      'broker.url',
      'name',
      'twister.account',
    ]);
  });

  it('takes names however they are set apart', () => {
    expect(namesIn(' @bob, eve;@dan  ')).toEqual(['bob', 'eve', 'dan']);
  });
});
