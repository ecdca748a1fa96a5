import { LiveSeats } from './liveSeats';

describe('the seats of live channels', () => {
  it('are limited for one user and for all, and given back', () => {
    const seats = new LiveSeats({ all: 3, ofOne: 2 });
    const leave = seats.take('a', 'vera');
    seats.take('b', 'vera');
    expect(seats.refusal('c', 'vera')).toBe('2 live queries of yours run, which is the limit.');
    expect(seats.take('c', 'vera')).toBeUndefined();
    expect(seats.refusal('b', 'vera')).toBeUndefined();
    seats.take('c', 'eva');
    expect(seats.refusal('d', 'adam')).toBe('3 queries of this datasource are live, which is the limit.');
    leave?.();
    leave?.();
    expect(seats.refusal('d', 'vera')).toBeUndefined();
  });

  it('stay taken by a new run of a channel when the old one ends late', () => {
    const seats = new LiveSeats({ all: 1, ofOne: 1 });
    const leaveOld = seats.take('a');
    const leaveNew = seats.take('a');
    leaveOld?.();
    expect(seats.refusal('b')).toBeDefined();
    leaveNew?.();
    expect(seats.refusal('b')).toBeUndefined();
  });
});
