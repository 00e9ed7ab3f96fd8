import { startHostProgram, launchOf } from '#test/support/host-program.ts'
import { LinkClient } from '#test/support/link-client.ts'
import { FRAME } from '#protocol/link.ts'
import { WebSocket } from 'ws'
import { encodeFrame, decodeFrame } from '#protocol/link.ts'
// lean client: own socket, callbacks
const host = await startHostProgram(process.argv[3]==='prof'?{NODE_OPTIONS:'--cpu-prof --cpu-prof-dir=/tmp/hp-prof'}:{})
const N = Number(process.argv[2]??1), T=Number(process.argv[4]??3000)
const ws = new WebSocket(`ws://127.0.0.1:${host.port}/link/b`,{perMessageDeflate:false})
await new Promise(r=>ws.once('open',r))
let seq=0, received=0, since=0
const waiters=new Map<number,(f:any)=>void>()
ws.on('message',(d:Buffer)=>{const f=decodeFrame(d); if(f.type===FRAME.hello||f.type===FRAME.ack)return; received=f.seq; if(++since>=64){since=0;ws.send(encodeFrame({type:FRAME.ack,channel:0,ack:received}))} const w=waiters.get(f.channel); if(w){waiters.delete(f.channel); w(f)}})
const send=(x:any)=>ws.send(encodeFrame({...x,seq:++seq,ack:received}))
const next=(c:number)=>new Promise<any>(r=>waiters.set(c,r))
ws.send(encodeFrame({type:FRAME.hello,channel:0,meta:{versions:[1],epoch:'x'}}))
send({type:FRAME.configure,channel:0,meta:{launches:[launchOf('echo',{maxProcesses:64})]}})
for(let i=1;i<=N;i++){ const p=next(i); send({type:FRAME.open,channel:i,meta:{key:'k'+i,server:'echo'}}); await p; const q=next(i); send({type:FRAME.message,channel:i,payload:Buffer.from('{"jsonrpc":"2.0","id":0,"method":"x"}')}); await q}
const lat:number[]=[], ms:number[]=[]; const t0=performance.now()
await Promise.all(Array.from({length:N},async(_,k)=>{ for(let n=1;n<=T;n++){const s=performance.now(); const p=next(k+1); send({type:FRAME.message,channel:k+1,payload:Buffer.from(JSON.stringify({jsonrpc:'2.0',id:n,method:'tools/call',params:{name:'echo',arguments:{message:'hi'}}}))}); const f=await p; lat.push(performance.now()-s); ms.push(f.meta.ms)}}))
const dt=performance.now()-t0; lat.sort((a,b)=>a-b); ms.sort((a,b)=>a-b)
console.log({N, perSec: Math.round(N*T/dt*1000), p50: lat[lat.length>>1]?.toFixed(3), p99: lat[Math.floor(lat.length*.99)]?.toFixed(3), procP50: ms[ms.length>>1]})
ws.terminate(); await host.stop(); process.exit(0)
