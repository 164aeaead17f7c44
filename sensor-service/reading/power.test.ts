import { describe, expect, test } from '@jest/globals';
import { batteryCharge, onAc, type Supply } from './power.js';

const bare: Supply = {
  name: 'X',
  type: undefined,
  scope: undefined,
  online: undefined,
  present: undefined,
  status: undefined,
  capacity: undefined,
};

function mains(online?: string): Supply {
  return { ...bare, name: 'AC', type: 'Mains', online };
}

function battery(status?: string, capacity?: string, name = 'BAT0'): Supply {
  return { ...bare, name, type: 'Battery', present: '1', status, capacity };
}

const mat: Supply = { ...bare, name: 'mat', type: 'Wireless', online: '1' };
const usb = (online: string): Supply => ({ ...bare, name: 'ucsi', type: 'USB', online });
const mouse: Supply = { ...battery('Discharging', '3', 'hid'), scope: 'Device' };

describe('whether the machine is on mains', () => {
  test.each<[string, Supply[], boolean]>([
    ['no battery and no adapter: a desktop', [], true],
    ['a desktop whose USB ports are listed as supplies', [usb('0')], true],
    ['a desktop with a wireless mouse', [mouse], true],
    ['a laptop that is plugged in', [mains('1'), battery('Charging')], true],
    ['a laptop that charges over USB', [mains('0'), usb('1'), battery('Charging')], true],
    ['one whose charger gives what it can', [mains('0'), usb('2'), battery('Charging')], true],
    ['one that charges without a cable', [mat, battery('Charging')], true],
    [
      'one that is behind a UPS, while the power is out',
      [{ ...battery('Discharging'), type: 'UPS' }],
      false,
    ],
    ['a charger too weak to keep up', [usb('1'), battery('Discharging')], true],
    ['a laptop that is unplugged', [mains('0'), battery('Discharging')], false],
    ['unplugged, and the battery still says full', [mains('0'), battery('Full')], false],
    ['a tablet without an adapter entry, discharging', [battery('Discharging')], false],
    ['a tablet without an adapter entry, charging', [battery('Charging')], true],
    [
      'the same, full, and one that is kept below full',
      [battery('Full'), battery('Not charging')],
      true,
    ],
  ])('%s', (_what, supplies, flag) => {
    expect(onAc(supplies).value).toEqual({ kind: 'flag', flag });
  });

  test.each<[string, Supply[]]>([
    ['an adapter that cannot be read', [mains(), battery('Full')]],
    ['an adapter that says garbage', [mains('yes'), battery('Full')]],
    ['an adapter that is off, and no battery to run on', [mains('0')]],
    ['a battery that says nothing', [battery()]],
    ['one of two that says nothing', [battery('Full'), battery('Unknown', '5', 'BAT1')]],
    ['a supply whose kind cannot be read', [bare, battery('Charging')]],
  ])('%s is unknown', (_what, supplies) => {
    expect(onAc(supplies).value.kind).toBe('unknown');
  });

  test('the source is what decided', () => {
    expect(onAc([]).source).toBe('no battery, no mains adapter');
    expect(onAc([mains('0'), battery('Discharging')]).source).toBe('BAT0');
    expect(onAc([mains('0'), battery('Full')]).source).toBe('AC');
  });
});

describe('how full the battery is', () => {
  test.each<[string, Supply[], number]>([
    ['one', [battery('Full', '80')], 80],
    ['two', [battery('Full', '100'), battery('Discharging', '20', 'BAT1')], 60],
    ['one, and an empty bay', [battery('Full', '80'), { ...battery(), present: '0' }], 80],
    ['one, and a mouse', [battery('Full', '80'), mouse], 80],
  ])('%s', (_what, supplies, number) => {
    expect(batteryCharge(supplies).value).toEqual({ kind: 'number', number });
  });

  test.each(['130', '-3', 'NaN', '', '8e1', '0x10', '99999999999'])(
    'a battery that says %j is unknown',
    (capacity) => {
      expect(batteryCharge([battery('Full', capacity)]).value.kind).toBe('unknown');
    },
  );

  test('one that says nothing beside one that does, or what may be one, leaves it unknown', () => {
    const full = battery('Full', '80');
    expect(batteryCharge([full, battery('Full', '130', 'BAT1')])).toEqual({
      value: { kind: 'unknown', why: 'BAT1: 130 % is not possible' },
      source: 'BAT1',
    });
    expect(batteryCharge([full, { ...bare, name: 'odd' }])).toMatchObject({
      value: { why: 'the kind of power supply odd cannot be read' },
      source: 'odd',
    });
  });

  test('both are named', () => {
    const both = [battery('Full', '0'), battery('Full', '100', 'BAT1')];
    expect(batteryCharge(both)).toEqual({
      value: { kind: 'number', number: 50 },
      source: 'BAT0, BAT1',
    });
  });

  test('a machine without one says so', () => {
    expect(batteryCharge([mains('1')]).value).toEqual({ kind: 'unknown', why: 'no battery' });
  });
});
