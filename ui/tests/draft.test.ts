import { describe, expect, it } from 'vitest';

import {
  draftOf,
  inputOf,
  namesIn,
  newDraft,
  ruleProblems,
  settingsProblems,
  shownField,
} from '../src/lib/draft';
import { aBridge, aConfig } from './samples';

const aPeer = { max_payload: 10, first_contact: 'retained', after_absence: 'everything' } as const;

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
    const config = { ...bridge.config, twister: { ...bridge.config.twister, patience: 30 } };
    expect(inputOf(draftOf(bridge), { ...bridge, config }).config.twister).toMatchObject({ patience: 30 });
  });

  it('keeps what rules say beyond their form, under changed filters too', () => {
    const mapped = { filter: 'weather/#', rename: 'outside/$1', from: ['mqtt_bob'] };
    const config = aConfig({
      forwards: [
        { from: 'a', type: 'public', max_qos: 1, compatible: true },
        { from: 'b', type: 'private', to: ['mqtt_bob'], retain: 'strip' },
      ],
      subscriptions: ['doors/#', mapped],
      peers: { mqtt_bob: aPeer },
    });
    const bridge = aBridge({ config });
    const draft = draftOf(bridge);
    expect(inputOf(draft, bridge).config).toMatchObject({
      subscriptions: config.subscriptions,
      forwards: config.forwards,
      peers: config.peers,
    });
    draft.subscriptions[1] = 'wind/#';
    draft.subscriptions.push('new');
    draft.forwards[0]!.from = 'c';
    expect(inputOf(draft, bridge).config).toMatchObject({
      subscriptions: ['doors/#', { ...mapped, filter: 'wind/#' }, 'new'],
      forwards: [{ from: 'c', max_qos: 1, compatible: true }, { retain: 'strip' }],
    });
  });

  it('leaves out what would be refused because a form changed something else', () => {
    const config = aConfig({
      forwards: [{ from: 'a', type: 'public', compatible: true }],
      peers: { mqtt_bob: aPeer },
    });
    const bridge = aBridge({ config });
    const draft = { ...draftOf(bridge), following: [] };
    draft.forwards[0] = { ...draft.forwards[0]!, type: 'private', to: '@mqtt_eve' };
    expect(inputOf(draft, bridge).config).toMatchObject({ peers: {}, forwards: [{ compatible: false }] });
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

describe('a problem', () => {
  it('shows at its rule when no form shows its field, and by itself when none shows the rule', () => {
    expect(shownField('subscriptions[1].from')).toBe('subscriptions[1]');
    expect(shownField('forwards[0].rename')).toBe('forwards[0].from');
    expect(shownField('forwards[0]')).toBe('forwards[0].from');
    expect(shownField('forwards[0].to')).toBe('forwards[0].to');
    expect(shownField('forwards[2].type')).toBe('forwards[2].type');
    expect(shownField('twister.url')).toBe('twister.url');
    expect(shownField('peers.bob')).toBeNull();
    expect(shownField('limits.max_payload')).toBe('limits.max_payload');
  });
});
