import Foundation
import SlotKitTesting
import Testing

@testable import SlotCore
@testable import SlotKit

/// A file on a server read in parts: what was asked for, by how many requests, and what travelled.
@Suite struct RangeTests {
  static let file: [UInt8] = {
    var random = SeededRandom(seed: 7)
    return (0..<(6 << 20) / 8).flatMap { _ in
      withUnsafeBytes(of: random.next()) { Array($0) }
    }
  }()

  /// Pieces like those of a delta: of 1.5 KiB to 200 KiB, with gaps from 100 bytes to half a megabyte.
  static let wanted: [Range<UInt64>] = {
    var random = SeededRandom(seed: 8)
    var ranges: [Range<UInt64>] = []
    var start: UInt64 = 30_000
    while start < UInt64(file.count) - (1 << 20) {
      let length = random.next() % 8 == 0 ? random.next() % 200_000 : 1_500 + random.next() % 6_000
      ranges.append(start..<start + length)
      let gap = random.next() % 16 == 0 ? random.next() % 500_000 : 100 + random.next() % 8_000
      start += length + gap
    }
    return ranges.filter { !$0.isEmpty }
  }()

  static func reader(
    _ url: String, _ change: (inout Configuration) -> Void = { _ in }
  ) -> HTTPReader {
    var configuration = Configuration()
    (configuration.retries, configuration.retryDelaySeconds) = (2, 0)
    configuration.stallTimeoutSeconds = 1
    change(&configuration)
    return HTTPReader(url, HTTPOptions(configuration), Cancellation())
  }

  /// Reads `range` and compares it with the file.
  static func expect(
    _ range: Range<UInt64>, of reader: any BundleReader, location: SourceLocation = #_sourceLocation
  ) throws {
    try reader.skip(to: range.lowerBound)
    let bytes = try reader.bytes(range.count, of: UInt64(file.count))
    #expect(
      bytes.elementsEqual(file[Int(range.lowerBound)..<Int(range.upperBound)]), "\(range)",
      sourceLocation: location)
  }

  /// The header of a bundle, then the ranges that turn out to be missing.
  static func readParts(_ reader: any BundleReader, _ ranges: [Range<UInt64>] = wanted) throws {
    try expect(0..<4_096, of: reader)
    reader.expect(ranges)
    for range in ranges { try expect(range, of: reader) }
  }

  // MARK: - nginx

  @Test func announcedPartsComeByFewBytesAndFewRequests() throws {
    let server = try WebServer()
    let reader = RangeTests.reader(try server.publish(RangeTests.file))
    try RangeTests.readParts(reader)
    let log = try server.finish()
    let asked = RangePlan.merged(RangeTests.wanted)
    #expect(asked.count > 100)
    #expect(log.count == asked.count + 1)
    #expect(log.allSatisfy { $0.status == 206 && $0.range != nil })
    // No byte is asked for twice, and none that is far from what is wanted.
    let ranges = Set(log.compactMap(\.range))
    #expect(ranges == Set(asked.map { Int($0.lowerBound)..<Int($0.upperBound) } + [0..<16384]))
    #expect(log.map(\.sentBytes).reduce(0, +) == Int(reader.bytesFetched))
    let connections = Set(log.map(\.connection)).count
    #expect((2...HTTPOptions.connections).contains(connections))
  }

  @Test func oneConnectionOfHTTP2CarriesThemAll() throws {
    let server = try WebServer(tls: true)
    let reader = RangeTests.reader(try server.publish(RangeTests.file)) {
      $0.certificateAuthorities = server.certificate
    }
    try RangeTests.readParts(reader)
    let log = try server.finish()
    #expect(log.count == RangePlan.merged(RangeTests.wanted).count + 1)
    #expect(log.allSatisfy { $0.version == "HTTP/2.0" })
    #expect(Set(log.map(\.connection)).count == 1)
  }

  @Test func whatWasNotAnnouncedIsReadOn() throws {
    let server = try WebServer()
    let reader = RangeTests.reader(try server.publish(RangeTests.file))
    try RangeTests.expect(0..<UInt64(RangeTests.file.count), of: reader)
    #expect(reader.totalLength == UInt64(RangeTests.file.count))
    let log = try server.finish()
    #expect(log.count <= 12)
    #expect(log.compactMap(\.range?.count).reduce(0, +) == RangeTests.file.count)
  }

  @Test func aSkipKeepsTheConnection() throws {
    let server = try WebServer()
    let reader = RangeTests.reader(try server.publish(RangeTests.file))
    for start: UInt64 in [0, 1 << 20, 5 << 20] {
      try RangeTests.expect(start..<start + 4_096, of: reader)
    }
    let log = try server.finish()
    #expect(log.map(\.range) == [0, 1 << 20, 5 << 20].map { $0..<$0 + 16384 })
    #expect(Set(log.map(\.connection)).count == 1)
  }

  /// The answer is half there when nobody wants the rest of it.
  @Test func aShortRestRunsOutSoThatTheConnectionStays() throws {
    let server = try WebServer()
    _ = try server.publish(RangeTests.file)
    let reader = RangeTests.reader(server.address("slow/bundle.krux")) {
      $0.stallTimeoutSeconds = 30
    }
    for start: UInt64 in [0, 1 << 20] { try RangeTests.expect(start..<start + 100, of: reader) }
    let log = try server.finish()
    #expect(log.count == 2)
    #expect(log.allSatisfy { $0.sentBytes > 16384 })
  }

  @Test func whatWasNotAnnouncedMayBeReadBetween() throws {
    let server = try WebServer()
    let reader = RangeTests.reader(try server.publish(RangeTests.file))
    try RangeTests.expect(0..<100, of: reader)
    reader.expect([100_000..<200_000, 3_000_000..<5_000_000])
    for range: Range<UInt64> in [
      100_000..<150_000, 150_000..<200_000, 2_500_000..<2_500_007, 3_000_000..<3_000_100,
      4_000_000..<4_500_000, 5_500_000..<5_500_001,
    ] {
      try RangeTests.expect(range, of: reader)
    }
  }

  /// `max_ranges 0`: whatever is asked for, the whole file comes.
  @Test func aServerWithoutRangesIsReadThroughOnce() throws {
    let server = try WebServer()
    _ = try server.publish(RangeTests.file)
    let reader = RangeTests.reader(server.address("whole/bundle.krux"))
    try RangeTests.readParts(reader)
    let log = try server.finish()
    #expect(log.map(\.status) == [200])
    #expect(reader.bytesFetched < UInt64(RangeTests.file.count) + 1000)
  }

  /// nginx answers 503 to a third request at the same time.
  @Test func aServerThatTakesFewRequestsIsAskedFewAtATime() throws {
    let server = try WebServer()
    _ = try server.publish(RangeTests.file)
    let reader = RangeTests.reader(server.address("few/bundle.krux")) {
      $0.stallTimeoutSeconds = 30
    }
    // The first ones are answered at once, so that there are more in flight when it takes time.
    let small = (1...6).map { UInt64($0) * 100_000..<UInt64($0) * 100_000 + 10 }
    try RangeTests.readParts(reader, small + [1 << 20..<5 << 20])
    let log = try server.finish()
    #expect(Set(log.map(\.status)) == [206, 503])
  }

  @Test func aRedirectIsFollowedOnce() throws {
    let server = try WebServer()
    _ = try server.publish(RangeTests.file)
    try RangeTests.readParts(RangeTests.reader(server.address("moved/bundle.krux")))
    let log = try server.finish()
    #expect(log.count { $0.path == "/moved/bundle.krux" } == 1)
    #expect(log.count > 100)
  }

  @Test func aFileThatIsReplacedIsNoticed() throws {
    let server = try WebServer()
    let reader = RangeTests.reader(try server.publish(RangeTests.file))
    try RangeTests.expect(0..<100, of: reader)
    try FileManager.default.removeItem(at: server.folder.appending(path: "www/bundle.krux"))
    let modified = RangeTests.file.map { ~$0 } + [0]
    _ = try server.publish(modified)
    reader.expect(RangeTests.wanted)
    let failure = #expect(throws: SourceFailure.self) {
      try RangeTests.expect(RangeTests.wanted[0], of: reader)
    }
    #expect(failure?.code == .changed)
  }

  // MARK: - Servers that misbehave

  @Test(arguments: [RoughAnswer.Ending.close, .stall])
  func everyRangeThatBreaksIsCarriedOn(ending: RoughAnswer.Ending) throws {
    // A stall takes a second each.
    let ranges = ending == .stall ? Array(RangeTests.wanted.prefix(2)) : RangeTests.wanted
    let firsts = Set(RangePlan.merged(ranges).map { Int($0.lowerBound) })
    let script: RoughServer.Script = { request in
      let (start, end) = (request.rangeStart ?? 0, request.rangeEnd ?? 0)
      let isCut = firsts.contains(start)
      return .file(
        RangeTests.file, request, after: isCut ? (end - start) / 2 : nil,
        ending: isCut ? ending : .close)
    }
    try withRoughServer(script) { server in
      try RangeTests.readParts(RangeTests.reader(server.address), ranges)
      let starts = server.requests.map(\.rangeStart)
      #expect(starts.count == 1 + 2 * firsts.count)
      #expect(Set(starts).count == starts.count)
    }
  }

  @Test func everyRangeMayFailOnce() throws {
    let seen = Seen()
    let script: RoughServer.Script = { request in
      seen.isNew(request.rangeStart)
        ? RoughAnswer("503 Service Unavailable") : .file(RangeTests.file, request)
    }
    try withRoughServer(script) { server in
      try RangeTests.readParts(RangeTests.reader(server.address))
      #expect(server.requests.count == 2 * (1 + RangePlan.merged(RangeTests.wanted).count))
    }
  }

  @Test func aRangeThatNeverComesEndsTheFetch() throws {
    let bad = Int(RangePlan.merged(RangeTests.wanted)[20].lowerBound)
    let script: RoughServer.Script = { request in
      request.rangeStart == bad
        ? RoughAnswer("503 Service Unavailable") : .file(RangeTests.file, request)
    }
    try withRoughServer(script) { server in
      let failure = #expect(throws: SourceFailure.self) {
        try RangeTests.readParts(RangeTests.reader(server.address))
      }
      #expect(failure?.code == .httpStatus)
      #expect(server.requests.count { $0.rangeStart == bad } == 3)
    }
  }

  @Test func anotherFileInALaterRangeIsNoticed() throws {
    let script: RoughServer.Script = { request in
      .file(RangeTests.file, request, tag: request.number < 20 ? "\"one\"" : "\"two\"")
    }
    try withRoughServer(script) { server in
      let failure = #expect(throws: SourceFailure.self) {
        try RangeTests.readParts(RangeTests.reader(server.address))
      }
      #expect(failure?.code == .changed)
    }
  }

  /// Such a server does not say where the file ends, so it cannot be known where one of its parts does.
  @Test func aServerThatDoesNotKnowTheLengthIsReadThrough() throws {
    let script: RoughServer.Script = { request in
      guard let start = request.rangeStart, let end = request.rangeEnd else {
        return RoughAnswer("200 OK", body: RangeTests.file)
      }
      return RoughAnswer(
        "206 Partial Content", ["Content-Range: bytes \(start)-\(end - 1)/*"],
        body: Array(RangeTests.file[start..<end]))
    }
    try withRoughServer(script) { server in
      let reader = RangeTests.reader(server.address)
      try RangeTests.readParts(reader)
      #expect(server.requests.map(\.rangeStart) == [0, nil])
    }
  }

  @Test func anAnswerThatGoesOnTooLongIsCutOff() throws {
    let script: RoughServer.Script = { request in
      let open = RoughRequest(
        number: request.number, head: "Range: bytes=\(request.rangeStart ?? 0)-")
      return .file(RangeTests.file, open)
    }
    try withRoughServer(script) { server in
      try RangeTests.readParts(RangeTests.reader(server.address), [50_000..<60_000])
      #expect(server.requests.map(\.rangeStart) == [0, 50_000])
    }
  }

  // MARK: - The rate

  @Test func allRequestsTogetherKeepTheRate() throws {
    let server = try WebServer()
    let clock = SteppingClock()
    var configuration = Configuration()
    configuration.limitRate = 200 << 10
    var options = HTTPOptions(configuration)
    options.clock = clock
    let reader = HTTPReader(try server.publish(RangeTests.file), options, Cancellation())
    try RangeTests.readParts(reader)
    let needed = Double(reader.bytesFetched) / Double(200 << 10)
    // What came last is paid for before anything more would have come.
    #expect(clock.seconds > needed - 2)
    #expect(clock.seconds < needed + 1)
  }
}

/// What was asked for before.
private final class Seen: @unchecked Sendable {
  private let lock = NSLock()
  private var starts: Set<Int?> = []
  func isNew(_ start: Int?) -> Bool { lock.withLock { starts.insert(start).inserted } }
}

/// Time passes only when somebody waits for it.
final class SteppingClock: FetchClock, @unchecked Sendable {
  private let lock = NSLock()
  private var time: Int64 = 0
  var seconds: Double { lock.withLock { Double(time) / 1e9 } }
  func now() -> Int64 { lock.withLock { time } }
  func wait(nanoseconds: Int64, _ monitor: Monitor) { lock.withLock { time += nanoseconds } }
}
