/** Bars as SVG, drawn from a run. Readable on light and dark pages. */
import { medianOf, newSessionMs, type PeerResult, type Results } from './results.ts'

const PANEL_WIDTH = 440
const LABEL_WIDTH = 110
const BAR_WIDTH = 240
const BAR_HEIGHT = 16
const ROW_HEIGHT = 22
const TITLE_HEIGHT = 34
const COLORS = {
  floor: '#9aa0a6',
  peer: '#6b8fb5',
  gateway: '#7d7fb8',
  subject: '#d9663b',
  variant: '#e09a7d',
  former: '#b3a08f',
}

interface Panel {
  title: string
  unit: string
  digits: number
  value: (peer: PeerResult) => number | undefined
}

const PANELS: Panel[] = [
  {
    title: 'warm call, 1 session, p50 (less is better)',
    unit: ' ms',
    digits: 2,
    value: (peer) => medianOf(peer, 'one', 'p50Ms'),
  },
  {
    title: 'calls/s, 16 sessions (more is better)',
    unit: '',
    digits: 0,
    value: (peer) => medianOf(peer, 'many', 'callsPerSecond'),
  },
  {
    title: 'new session to tools/list (less is better)',
    unit: ' ms',
    digits: 1,
    value: newSessionMs,
  },
  {
    title: 'modern call on a legacy server, p50 (less is better)',
    unit: ' ms',
    digits: 2,
    value: (peer) => medianOf(peer, 'modern', 'p50Ms'),
  },
]

/** One column for each target, one row for each measure. The floors are drawn where they are fair. */
export function toPlot(results: Results): string {
  const rows = PANELS.map((panel, row) =>
    results.targets.map(({ target, peers }, column) => {
      const drawn = peers.filter((peer) => isDrawn(peer, panel))
      return drawPanel({ ...panel, title: `${target}: ${panel.title}` }, drawn, { row, column })
    }),
  )
  const width = PANEL_WIDTH * results.targets.length
  const height = panelHeight(results) * PANELS.length
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" fill="#808080">`,
    ...rows.flat().map(({ at, body }) => {
      const y = at.row * panelHeight(results)
      return `<g transform="translate(${at.column * PANEL_WIDTH} ${y})">${body}</g>`
    }),
    '</svg>',
    '',
  ].join('\n')
}

/** A process for each request takes so long that every other bar would vanish beside it; a former commit has a table. */
function isDrawn(peer: PeerResult, { value }: Panel): boolean {
  return (
    value(peer) !== undefined &&
    peer.role !== 'former' &&
    peer.isolation !== 'process per request' &&
    peer.isolation !== 'none'
  )
}

function panelHeight(results: Results): number {
  const most = Math.max(...results.targets.map(({ peers }) => peers.length))
  return TITLE_HEIGHT + ROW_HEIGHT * most
}

interface Place {
  row: number
  column: number
}

function drawPanel(panel: Panel, peers: PeerResult[], at: Place): { at: Place; body: string } {
  const largest = Math.max(
    ...peers.filter(({ role }) => role !== 'floor').map((peer) => panel.value(peer) ?? 0),
  )
  const bars = peers.map((peer, index) => drawBar(panel, peer, largest, index))
  return { at, body: `<text x="4" y="20" font-weight="bold">${panel.title}</text>${bars.join('')}` }
}

/** A floor may be off the scale: its bar is cut and its figure says how far it goes. */
function drawBar(panel: Panel, peer: PeerResult, largest: number, index: number): string {
  const value = panel.value(peer) ?? 0
  const width = Math.max(1, Math.min(1.1, value / largest) * BAR_WIDTH)
  const y = TITLE_HEIGHT + index * ROW_HEIGHT
  const figure = `${value.toLocaleString('en', { minimumFractionDigits: panel.digits, maximumFractionDigits: panel.digits })}${panel.unit}`
  return [
    `<text x="${LABEL_WIDTH - 6}" y="${y + 12}" text-anchor="end">${peer.peer}</text>`,
    `<rect x="${LABEL_WIDTH}" y="${y}" width="${width.toFixed(1)}" height="${BAR_HEIGHT}" fill="${COLORS[peer.role]}"/>`,
    `<text x="${(LABEL_WIDTH + width + 5).toFixed(1)}" y="${y + 12}">${figure}</text>`,
  ].join('')
}
