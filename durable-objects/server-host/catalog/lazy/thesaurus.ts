/** Words of offices and of developers that stand for one another where a tool is looked for. Data. */

/** Each line: words that may be said for one another. */
const ALIKE = `
find search lookup locate query
get read show view display fetch retrieve see
list show enumerate all overview
create make add new set start generate
delete remove erase drop clear
cancel stop end abort withdraw void
update change edit modify alter adjust rename move
send write compose deliver dispatch
reply answer respond
save store keep download
open launch start
open visit browse navigate go
close resolve finish complete done
check verify status state test
run execute invoke
enable on activate
disable off deactivate
upload push import put attach
download export pull get
share grant invite permission access
tell say inform notify announce
announce post message
assign owner assignee responsible
approve accept confirm review
reject decline deny refuse
restart reboot
email mail message
message text chat post write
inbox mailbox
recipient attendee guest participant
meeting event appointment conference call
calendar schedule agenda
schedule plan book arrange event
schedule create
available free busy availability
vacation holiday leave absence absent away pto timeoff
room venue
reminder alarm alert
employee staff worker colleague
hire recruit candidate employee opening onboard
fire dismiss terminate layoff
applicant candidate application
job position opening role vacancy
salary pay compensation wage earn income
customer client buyer account
contact lead person prospect
deal opportunity sale
company organization firm business
invoice bill
refund repay reimburse chargeback
payment charge transaction pay
money balance fund cash amount
price cost spend spending expense
subscription recurring plan
discount coupon voucher promotion
profit income revenue earn earnings
supplier vendor
order purchase
stock inventory
ship fulfill deliver shipment
contract agreement document
sign signature signed
issue ticket bug error defect problem
task todo ticket
pr pull
repository repo
commit push change revision
history commit log version
branch fork
code source
ci check workflow pipeline build job
release version publish deploy
deployment rollout deploy release
rollback undo revert previous
dependency package library
vulnerability vulnerable security
documentation docs wiki page
comment remark note feedback
note memo page
folder directory
file document
image picture photo screenshot
screenshot picture capture
video clip film recording
music song track playlist
song track
volume loud louder quiet
subtitle caption transcript
database db table sql
column field schema
select sql query
slow slowest performance
healthy health
backup dump restore snapshot
cache key value redis
website site webpage page url
internet web online
browser tab page
click press button
form field input
log output console event
server instance machine host vm
vm virtual machine instance
container pod
scale replica instance
cloud aws
storage bucket object drive
secret password credential key
user member account
role permission policy
dns domain host
metric monitor alarm
incident outage alert
oncall duty rotation shift
crash error exception fail
channel room group
colleague member user
team channel group
emoji reaction react
status presence
thread conversation discussion
address location place coordinates
direction route way navigate drive
distance far travel
restaurant place business
weather forecast rain snow sun wind
storm severe warning
warn warning alarm alert
sunset sunrise sun
cold warm warmer hot temperature
same duplicate identical merge
let allow permit share grant
say said write wrote
person people somebody human
spelling typo grammar correct
time hour clock
translate translation language
summary summarize summarise recap
spreadsheet sheet excel table
cell range
chart graph plot diagram
row line
light lamp bulb
heating thermostat temperature
door lock
design layout mockup
merge combine duplicate
convert transform
big large size
label tag mark flag star category
invite invitation rsvp
clone fork copy duplicate
diff compare
record row entry
fill type enter input
login signin authenticate
sprint iteration
epic story ticket
effort worklog hours time
dm direct private privately
dashboard report
notification alert
phone call ring
trash bin delete throw
attachment attached attach
reviewer review
`

/** What most tools do, and when it is wanted: words that tell little. */
export const COMMON_WORDS: ReadonlySet<string> = new Set(
  (
    'find search get read show see list create make add new set start delete remove change edit update ' +
    'move send write save open close run give put take tell ask turn look go today tomorrow yesterday ' +
    'tonight morning evening week month year day next last recent recently again soon'
  ).split(' '),
)

/** By word: those that may stand for it. */
export const SYNONYMS: ReadonlyMap<string, readonly string[]> = index(ALIKE)

function index(text: string): Map<string, string[]> {
  const groups = text
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
  const known = new Map<string, string[]>()
  for (const group of groups) {
    for (const word of group) known.set(word, [...(known.get(word) ?? []), ...group])
  }
  const others = ([word, all]: [string, string[]]): [string, string[]] => {
    return [word, [...new Set(all)].filter((other) => other !== word)]
  }
  return new Map(Array.from(known, others))
}

/** The forms under which a word of a question may stand in a thesaurus, itself first. */
export function baseForms(word: string): string[] {
  const forms = [word]
  for (const [ending, base] of ENDINGS) {
    if (word.length - ending.length >= 2 && word.endsWith(ending)) {
      forms.push(word.slice(0, -ending.length) + base)
    }
  }
  return forms
}

const ENDINGS: readonly [ending: string, base: string][] = [
  ['ies', 'y'],
  ['es', ''],
  ['s', ''],
  ['ing', ''],
  ['ing', 'e'],
  ['ed', ''],
  ['ed', 'e'],
]
