internal import SystemPackage

@testable internal import SlotCore
@testable internal import SlotKit

/// What judges a boot, and what is said of it.
let healthTargets = [
  FuzzTarget(name: "health-reply", maximumLength: 4096, body: fuzzHealthReply),
  FuzzTarget(name: "health-report", maximumLength: 2048, body: fuzzHealthReport),
  FuzzTarget(name: "words", maximumLength: 512, body: fuzzWords),
]

/// The body of an answer; the last two bytes are its status.
@Sendable private func fuzzHealthReply(_ bytes: [UInt8]) throws {
  var input = Input(bytes)
  let status = input.steer16()
  for reply in [ProbeReply.reply(status: status, body: input.rest), .oversize(status: status)] {
    switch reply.result(of: "/health/ready") {
    case .healthy: require(status == 200, "only 200 is healthy")
    case .unhealthy(let reason):
      require(status != 200, "200 is healthy, whatever the body")
      require(isReason(reason), "a reason is one bounded line: \(reason)")
    }
  }
}

private func isReason(_ text: String) -> Bool {
  !text.isEmpty && text.isPlain && text.utf8.count <= ReasonText.maximumLength
}

/// `/run/krux/health.json`, as `status` reads it.
@Sendable private func fuzzHealthReport(_ bytes: [UInt8]) throws {
  guard let report = HealthReport(decoding: bytes, boot: "boot-1") else { return }
  let written = report.encoded(boot: "boot-1")
  require(HealthReport(decoding: written, boot: "boot-1") == report, "a report reads as written")
  require(HealthReport(decoding: written, boot: "boot-2") == nil, "and in its own boot only")
  if let left = report.secondsLeft { require(left >= 0, "no time is left, or some") }
}

/// Words from outside, wherever they come from, on their way to a terminal, a file or boot control.
@Sendable private func fuzzWords(_ bytes: [UInt8]) throws {
  let text = String(decoding: bytes, as: UTF8.self)
  let limit = Int(bytes.last ?? 0)
  let line = ReasonText.line(text, limit: limit)
  require(line.isPlain && line.utf8.count <= limit, "a line is bounded and plain")
  require(ReasonText.line(line, limit: limit) == line, "and stays what it is")
  let reason = BootControl.bounded(reason: text)
  require(isReason(reason) && reason.utf8.count <= BootControl.reasonLength, "so is a reason")
  require(BootControl.bounded(reason: reason) == reason, "and stays what it is")
  let printable = text.printable
  require(printable.printable == printable, "printable text stays what it is")
  require(!printable.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F }, "no control")
  if let moment = Timestamp(text) { require(moment.description == text, "a moment as it was read") }
  if let bytes = Base64.decode(text) { require(Base64.encode(bytes) == text, "base64 both ways") }
  if let bytes = Hex.decode(text) { require(Hex.encode(bytes) == text.lowercased(), "and hex") }
  if let digest = Digest(hex: text) { require(digest.hex == text.lowercased(), "and digests") }
  if Name.isValid(text) { require(text.isPlain && !text.contains(" "), "a name needs no quotes") }
}
