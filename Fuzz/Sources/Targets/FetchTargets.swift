@testable internal import SlotCore
@testable internal import SlotKit

/// What a web server says.
let fetchTargets = [
  FuzzTarget(name: "http-headers", maximumLength: 1024, body: fuzzHeaders),
  FuzzTarget(name: "http-answers", maximumLength: 2048, body: fuzzAnswers),
  FuzzTarget(name: "address", maximumLength: 256, body: fuzzAddress),
]

/// Header lines as libcurl hands them over, one by one.
@Sendable private func fuzzHeaders(_ bytes: [UInt8]) throws {
  var headers = HTTPHeaders()
  var answers: [HTTPIdentity] = []
  for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
    let text = String(decoding: line, as: UTF8.self)
    headers.take(line: String(text.prefix { !$0.isNewline }))
    answers.append(headers.identity)
  }
  let identity = headers.identity
  for words in [identity.entityTag, identity.lastModified].compactMap({ $0 }) {
    require(!words.contains(where: \.isNewline), "what is sent back is one line")
    require(words.utf8.count <= 1024, "and bounded")
  }
  require(identity.canBe(identity), "a file can be itself")
  for other in answers {
    require(identity.canBe(other) == other.canBe(identity), "and that goes both ways")
  }
}

/// Answers of a server, with a zero byte between one and the next; the last byte says how far the reader skips. What
/// is in front of the first zero byte is also what a health endpoint answers.
@Sendable private func fuzzAnswers(_ bytes: [UInt8]) throws {
  var input = Input(bytes)
  let skip = UInt64(input.steer()) * 16
  let answers = input.rest.split(separator: 0, omittingEmptySubsequences: false).map(Array.init)
  let server = AnswerServer.shared
  server.say(Array(answers.prefix(1)))
  let probe = HTTPProbe(url: "http://127.0.0.1:\(server.port)/ready", timeoutSeconds: 2)
  if case .reply(_, let body) = probe.probe() {
    require(body.count <= bytes.count, "a probe makes nothing up")
  }
  server.say(answers)
  var configuration = Configuration()
  (configuration.retries, configuration.retryDelaySeconds) = (2, 0)
  let reader = HTTPReader(
    "http://127.0.0.1:\(server.port)/a.krux", HTTPOptions(configuration), Cancellation())
  var buffer = [UInt8](repeating: 0, count: 512)
  func read() throws -> Int {
    let (before, room) = (reader.position, buffer.count)
    let count = try buffer.withUnsafeMutableBytes { try reader.read(into: $0) }
    require(reader.position == before + UInt64(count), "a reader knows where it is")
    require((0...room).contains(count), "and fills no more than it is given")
    return count
  }
  guard try read() == buffer.count else { return }
  try reader.skip(to: reader.position + skip)
  while try read() == buffer.count {}
  let end = reader.totalLength ?? reader.position
  require(reader.position == end || skip > 0, "a file is read to its end")
}

@Sendable private func fuzzAddress(_ bytes: [UInt8]) throws {
  let text = String(decoding: bytes, as: UTF8.self)
  let place = HTTPReader.withoutSecrets(text)
  require(place == place.printable, "an address is printable")
  require(!place.utf8.contains { "?#".utf8.contains($0) }, "without its query")
  switch try BundleSource(text) {
  case .standardInput: require(text == "-", "only - is standard input")
  case .file(let path): require(path == text && !text.contains("://"), "a path is taken as it is")
  case .url(let url): require(url == text, "an address is taken as it is")
  }
}
