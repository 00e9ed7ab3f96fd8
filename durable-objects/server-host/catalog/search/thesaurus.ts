/** Words of offices and of developers that stand for one another where a tool is looked for. Data. */

/** Each line: words that may be said for one another. */
export const ALIKE = `
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
trash throw discard delete remove
rename move
prepare draft
skip ignore mute filter rule
rule filter
block book reserve schedule event
postpone delay reschedule push later update
earlier sooner reschedule update
include add invite attendee
yes accept respond
no decline respond
thumb like reaction emoji
link url
temporary presigned expire
copy fork duplicate clone
copy replica
expire ttl away timeout
changed commit history edit
lately recent
print log output
said spoken words transcript talk
owe unpaid overdue debt outstanding
paid unpaid pay payment
refund money back return
billing subscription invoice bill charge
umbrella rain forecast
jacket coat cold
near nearby close around local
eat food hungry restaurant place
traffic commute drive direction distance
walk bike route direction
pollution smog air quality
dawn dusk sunrise sunset sun
bright dim light turn
quit leave resign terminate
boss manager supervisor
sick ill absent timeoff
raise promotion salary compensation
forward send email
star label favorite
pick choose select option
scroll hover wheel
hole vulnerability security
pass status check succeed
broken failed fail down
parcel package shipment order
offer quote proposal estimate
receipt expense
board sprint
deadline due
pager oncall page
wake alert page incident
acknowledge ack seen
logo image picture
word text
phrase text
speech audio voice
party recipient signer
fact observation remember
remember note memory observation entity
lesson training course
`

/** What most tools do, and when it is wanted: words that tell little. */
export const COMMON_WORDS: ReadonlySet<string> = new Set(
  (
    'find search get read show see list create make add new set start delete remove change edit update ' +
    'move send write save open close run give put take tell ask turn look go today tomorrow yesterday ' +
    'tonight morning evening week month year day next last recent recently again soon'
  ).split(' '),
)
