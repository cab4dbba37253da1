import { Eta } from 'eta';
import type { Digest } from '../digest.ts';
import { HTML } from './html.ts';
import { TEXT } from './text.ts';

/** Escapes what it puts in; the template itself is ours. */
const html = new Eta({ autoEscape: true });
const text = new Eta({ autoEscape: false });

/** What the templates show. */
interface View {
  subject: string;
  greeting: string;
  date: string;
  figures: { label: string; value: string; change: string; trend: 'up' | 'down' | 'same' }[];
  winners: { title: string; url: string | null; rank: number }[];
  pins: { title: string; url: string | null; line: string }[];
}

/** The digest as subject, HTML and text. */
export function renderDigest(digest: Digest): { subject: string; html: string; text: string } {
  const view = viewOf(digest);
  return { subject: view.subject, html: html.renderString(HTML, view), text: text.renderString(TEXT, plain(view)) };
}

function viewOf({ to, date, day, before, pins, winners }: Digest): View {
  const saves = number(day.saves);
  return {
    subject: `Your pins on ${short(date)}: ${number(day.impressions)} views, ${saves} ${day.saves === 1 ? 'save' : 'saves'}`,
    greeting: to.name === null || to.name.trim() === '' ? 'Hello,' : `Hello ${to.name.trim()},`,
    date: long(date),
    figures: [
      figure('Views', day.impressions, before.impressions),
      figure('Saves', day.saves, before.saves),
      figure('Clicks', day.clicks, before.clicks),
    ],
    winners,
    pins: pins.map((pin) => ({
      title: pin.title,
      url: pin.url,
      line: `${number(pin.impressions)} views · ${number(pin.saves)} saves · ${number(pin.clicks)} clicks`,
    })),
  };
}

function figure(label: string, now: number, before: number): View['figures'][number] {
  const trend = now > before ? 'up' : now < before ? 'down' : 'same';
  const change =
    trend === 'same' ? 'as the day before' : before === 0 ? 'none the day before' : percent((now - before) / before);
  return { label, value: number(now), change, trend };
}

/** Titles on one line each, since a line is all that shapes a text. */
function plain(view: View): View {
  const line = (value: string): string => value.replaceAll(/\s+/gu, ' ').trim();
  return {
    ...view,
    greeting: line(view.greeting),
    winners: view.winners.map((pin) => ({ ...pin, title: line(pin.title) })),
    pins: view.pins.map((pin) => ({ ...pin, title: line(pin.title) })),
  };
}

const NUMBER = new Intl.NumberFormat('en');
const PERCENT = new Intl.NumberFormat('en', { style: 'percent', signDisplay: 'always', maximumFractionDigits: 0 });
const LONG = new Intl.DateTimeFormat('en', {
  weekday: 'long',
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  timeZone: 'UTC',
});
const SHORT = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'long', timeZone: 'UTC' });

const number = (value: number): string => NUMBER.format(value);
const percent = (value: number): string => PERCENT.format(value).replace('-', '−');
const long = (date: string): string => LONG.format(new Date(`${date}T00:00:00Z`));
const short = (date: string): string => SHORT.format(new Date(`${date}T00:00:00Z`));
