// Sends the mails of a file with nodemailer's pool, signed by DKIM; tells the CPU seconds it took.
const nodemailer = require("nodemailer")
const told = JSON.parse(require("fs").readFileSync(process.argv[2], "utf8"))
const transport = nodemailer.createTransport({
  pool: true, maxConnections: 2, maxMessages: Infinity, host: "127.0.0.1", port: told.port,
  secure: false, ignoreTLS: true, name: "localhost",
  dkim: { domainName: told.mails[0].domain, keySelector: "s1", privateKey: told.key },
})
const send = (mail) => transport.sendMail({
  from: mail.from, to: mail.to, subject: mail.subject, html: mail.html, text: mail.text,
  messageId: mail.id, envelope: { from: mail.bounce, to: mail.to },
  list: { unsubscribe: mail.unsubscribe },
  headers: { "List-Unsubscribe-Post": "List-Unsubscribe=One-Click" },
})
const used = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
const main = async () => {
  const warm = told.mails.slice(0, Math.ceil(told.mails.length / 5))
  const measured = told.mails.slice(warm.length)
  await Promise.all(warm.map(send))
  const start = used()
  await Promise.all(measured.map(send))
  console.log(JSON.stringify({ cpu_seconds: ((used() - start) * told.mails.length) / measured.length }))
  transport.close()
}
main()
