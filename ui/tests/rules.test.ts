import { describe, expect, it } from 'vitest';

import { forwardMarks, heldBackWords, problemWords } from '../src/lib/rule-words';
import {
  emptyForm,
  formOfForward,
  formOfSubscription,
  forwardOfForm,
  inputWith,
  listening,
  ruleField,
  saysMore,
  subscriptionOfForm,
  wholeSubscription,
  withListening,
  withMoved,
  withoutRule,
  withRule,
} from '../src/lib/rules';
import { suggest } from '../src/lib/suggestions';
import { covers } from '../src/lib/topics';
import type { Forward } from '../src/lib/model';
import { aBridge, aConfig } from './samples';

const everything: Forward = {
  from: 'a/+/#',
  except: ['a/b', 'a/c/#'],
  type: 'private',
  to: ['mqtt_bob', 'mqtt_eve'],
  rename: 'x/$1',
  max_qos: 1,
  retain: 'strip',
  max_wait_ms: 1500,
  latest_only: true,
  expires_after_s: 7200,
};

describe('a rule’s form', () => {
  it('holds all that a rule says and gives it back', () => {
    for (const rule of [
      everything,
      { from: 'a', type: 'public' as const, compatible: true, strip_prefix: 'a', add_prefix: 'b' },
      { from: '#', type: 'public' as const },
    ]) {
      expect(forwardOfForm(formOfForward(rule))).toEqual(rule);
    }
    const subscription = { filter: 'a/#', from: ['mqtt_bob'], add_prefix: 'bob/', except: ['a/b'] };
    expect(subscriptionOfForm(formOfSubscription(subscription))).toEqual(subscription);
  });

  it('says how long a message is worth something in the largest unit that fits', () => {
    const { expires, expiresUnit } = formOfForward(everything);
    expect([expires, expiresUnit]).toEqual(['2', 'h']);
  });

  it('gives what is no number to the app, which refuses it', () => {
    const form = { ...emptyForm('out'), filter: 'a', expires: 'soon', expiresUnit: 's' as const };
    expect(forwardOfForm(form).expires_after_s).toBe(-1);
  });

  it('says more than the usual only if something beyond filter and people is set', () => {
    expect(saysMore(formOfForward({ from: 'a', type: 'public', compatible: true }))).toBe(false);
    expect(saysMore(formOfForward({ from: 'a', type: 'private', to: ['bob'], latest_only: true }))).toBe(
      true,
    );
  });

  it('says nothing of receivers in a public rule, nor of mosquitto-twister in a private one', () => {
    const form = { ...emptyForm('out'), filter: 'a', people: '@bob', compatible: true };
    expect(forwardOfForm({ ...form, visibility: 'public' })).toEqual({
      from: 'a',
      type: 'public',
      compatible: true,
    });
    expect(forwardOfForm(form)).toEqual({ from: 'a', type: 'private', to: ['bob'] });
  });
});

describe('settings with other rules', () => {
  const config = aConfig();

  it('listen to what a new rule is about', () => {
    const form = { ...emptyForm('out'), filter: 'windows/#', visibility: 'public' as const };
    const next = withRule(config, form, null);
    expect(next.publications).toEqual(['sensors/#', 'doors/#', 'windows/#']);
    expect(next.forwards.at(-1)?.from).toBe('windows/#');
    expect(withRule(config, { ...form, filter: 'doors/+' }, null).publications).toEqual(config.publications);
  });

  it('do not listen any more to what only the old rule was about', () => {
    const form = { ...formOfForward(config.forwards[0]!), filter: 'windows/#' };
    expect(withRule(config, form, 0).publications).toEqual(['doors/#', 'windows/#']);
    expect(withoutRule(config, 'out', 1).publications).toEqual(['sensors/#']);
  });

  it('go on listening to what another rule needs, and to what no rule was written for', () => {
    const shared = aConfig({ publications: ['#', 'doors/#'], forwards: [...config.forwards, everything] });
    expect(withoutRule(shared, 'out', 0).publications).toEqual(['#', 'doors/#']);
  });

  it('change a subscription in its place', () => {
    const form = {
      ...formOfSubscription(wholeSubscription('fridges/#')),
      add: 'bob/',
      naming: 'prefix' as const,
    };
    expect(withRule(config, form, 0).subscriptions).toEqual([{ filter: 'fridges/#', add_prefix: 'bob/' }]);
    expect(withoutRule(config, 'in', 0).subscriptions).toEqual([]);
  });

  it('have a rule further up or down, but not past the ends', () => {
    expect(withMoved(config, 'out', 1, -1).forwards.map(({ from }) => from)).toEqual([
      'doors/#',
      'sensors/#',
    ]);
    expect(withMoved(config, 'out', 1, 1)).toBe(config);
    expect(withMoved(config, 'in', 0, -1)).toBe(config);
  });

  it('say how much of a rule is listened to', () => {
    expect(['doors/1', '#', 'windows/#'].map((filter) => listening(config, filter))).toEqual([
      'all',
      'some',
      'none',
    ]);
    expect(withListening(config, '#').publications).toEqual(['#']);
  });

  it('leave passwords as they are', () => {
    expect(inputWith(aBridge(), config)).toEqual({
      replaces: 'home',
      config,
      node_password: null,
      broker_password: null,
    });
  });
});

describe('a rule in words', () => {
  it('has a mark for each thing that it does beside sending', () => {
    expect(forwardMarks(everything).map(({ words }) => words)).toEqual([
      'except a/b and a/c/#',
      'as x/$1',
      'QoS at most 1',
      'not retained',
      'newest only',
      'expires after 2 hr',
      'waits up to 1.5 s',
    ]);
    expect(forwardMarks({ from: '#', type: 'public', max_wait_ms: 250 })).toEqual([]);
  });

  it('says why it does not send', () => {
    expect(heldBackWords({ forward: 1, reason: 'earlier', receiver: null, what: null, by: 0 })).toBe(
      'rule 1 sends it to everybody already',
    );
  });

  it('says what is wrong in the chosen language, or in the app’s words where there are no others', () => {
    const field = ruleField('in', 2);
    expect(problemWords({ field, code: 'not_followed', message: 'x' })).toMatch(
      /^This account is not followed/,
    );
    expect(problemWords({ field, code: 'invalid', message: 'no filter' })).toBe('No filter.');
  });
});

describe('suggestions', () => {
  const topics = ['home/kitchen/light', 'home/kitchen/door', 'garden/door'].map((topic) => ({
    topic,
    messages: 1,
  }));
  const texts = (typed: string, filters: boolean) => suggest(topics, typed, filters).map(({ text }) => text);

  it('are branches of several topics before the topics in them', () => {
    expect(texts('', true)).toEqual([
      'home/#',
      'home/kitchen/#',
      'garden/door',
      'home/kitchen/door',
      'home/kitchen/light',
    ]);
  });

  it('are what was typed, and first what begins with it', () => {
    expect(texts('door', false)).toEqual(['garden/door', 'home/kitchen/door']);
    expect(texts('home/k', true)[0]).toBe('home/kitchen/#');
    expect(texts('home/#', true)).not.toContain('home/#');
  });
});

describe('a filter', () => {
  it('covers another when it matches all of it', () => {
    for (const [wide, narrow] of [
      ['#', 'a/#'],
      ['a/#', 'a'],
      ['a/#', 'a/+/b'],
      ['+/+', 'a/+'],
      ['a', 'a'],
    ] as const)
      expect(covers(wide, narrow), `${wide} covers ${narrow}`).toBe(true);
    for (const [wide, narrow] of [
      ['a/+', 'a/#'],
      ['a/b', 'a/+'],
      ['+', 'a/b'],
      ['#', '$SYS/#'],
    ] as const)
      expect(covers(wide, narrow), `${wide} does not cover ${narrow}`).toBe(false);
  });
});
