import Foundation
import SlotCore
import SlotKitTesting
import Testing

/// Servers that misbehave. Those that can be got over are, and the others are named.
@Suite struct ServerTests {
  private static let file = Releases.next.encoded
  private static let half = file.count / 2

  private func expectStaged(_ device: DeviceFolder, _ script: @escaping RoughServer.Script) throws
    -> [RoughRequest]
  {
    try withRoughServer(script) { server in
      let applied = try device.update("apply", server.address)
      #expect(applied.status == 0)
      #expect(applied.errors == "")
      #expect(try device.slotHolds(Releases.next.image))
      #expect(device.nextBoot() == .boot(.b))
      return server.requests
    }
  }

  /// Refused with `sentence`; nothing was written, or the slot is disarmed.
  @discardableResult
  private func expectFailure(
    _ status: Int32, _ sentence: String, written: Bool, configuration: String? = nil,
    _ script: @escaping RoughServer.Script
  ) throws -> [RoughRequest] {
    let device = try DeviceFolder()
    if let configuration { try device.configure(configuration) }
    let before = try device.snapshot()
    return try withRoughServer(script) { server in
      let failed = try device.update("apply", server.address)
      #expect(failed.status == status)
      #expect(failed.errors.contains(sentence))
      #expect(failed.errors.contains("\n  hint: "))
      if written {
        try expectDisarmed(device)
      } else {
        #expect(try device.snapshot() == before)
      }
      return server.requests
    }
  }

  // MARK: - Statuses

  @Test func notFoundIsNotTriedAgain() throws {
    let requests = try expectFailure(66, "the server answered 404 for http://", written: false) {
      _ in RoughAnswer("404 Not Found")
    }
    #expect(requests.count == 1)
  }

  @Test func notFoundByNginx() throws {
    let device = try DeviceFolder()
    let server = try WebServer()
    let failed = try device.update("apply", server.address("missing.krux"))
    #expect(failed.status == 66)
    #expect(failed.errors.contains("the server answered 404 for \(server.address("missing.krux"))"))
    #expect(failed.errors.contains("hint: check the address"))
    #expect(try device.targetIsUntouched())
  }

  @Test func serverErrorsAreTriedAgainAndThenNamed() throws {
    let requests = try expectFailure(66, "the server answered 500 for", written: false) { _ in
      RoughAnswer("500 Internal Server Error")
    }
    #expect(requests.count == 3)
  }

  /// A captive portal, for instance: neither an error nor a file.
  @Test(arguments: ["204 No Content", "304 Not Modified", "302 Found", "206 Partial Content"])
  func anAnswerThatIsNoFileIsNamedAtOnce(status: String) throws {
    let number = status.prefix(3)
    let requests = try expectFailure(
      66, "the server answered \(number) for http://", written: false
    ) { _ in RoughAnswer(status, ["Content-Length: 0"]) }
    #expect(requests.count == 1)
  }

  /// Bytes that are dropped again are no progress: such a server does not keep a device busy for ever.
  @Test func aServerThatIgnoresRangesAndBreaksEarlyIsGivenUp() throws {
    let enough = 10
    let requests = try expectFailure(66, "the fetch of", written: true) { request in
      if request.number >= enough { return RoughAnswer("404 Not Found") }
      let count = request.number == 0 ? ServerTests.half : ServerTests.half / 2
      return RoughAnswer(
        "200 OK", ["Content-Length: \(ServerTests.file.count)", "ETag: \"one\""],
        body: Array(ServerTests.file[..<count]))
    }
    // Three, and more where the system lost the end of what such a server sent before it broke off.
    #expect((3..<enough).contains(requests.count))
  }

  @Test func aServerThatRecoversIsForgiven() throws {
    let requests = try expectStaged(try DeviceFolder()) { request in
      request.number < 2
        ? RoughAnswer("503 Service Unavailable") : .file(ServerTests.file, request)
    }
    #expect(requests.prefix(4).map(\.rangeStart) == [0, 0, 0, 16384])
  }

  @Test func aServerThatIsNotThereIsNamed() throws {
    let device = try DeviceFolder()
    let port = try LoopbackSocket().port
    let failed = try device.update("apply", "http://127.0.0.1:\(port)/bundle.krux")
    #expect(failed.status == 66)
    #expect(failed.errors.contains("cannot reach http://127.0.0.1:\(port)/bundle.krux"))
    #expect(try device.targetIsUntouched())
  }

  // MARK: - Breaks

  /// The answer that brings the middle of the file ends there; the rest of it is asked for by a request of its own.
  private static func broken(
    _ request: RoughRequest, _ ending: RoughAnswer.Ending = .close, rest: Int? = nil
  ) -> RoughAnswer {
    let start = request.rangeStart ?? 0
    let isCut = start < half && half < request.rangeEnd ?? file.count
    return .file(
      file, request, after: isCut ? half - start : start == half ? rest : nil, ending: ending)
  }

  private func expectCarriedOn(_ requests: [RoughRequest]) throws {
    let starts = requests.map(\.rangeStart)
    #expect(starts.count { $0 == ServerTests.half } == 1)
    #expect(Set(starts).count == starts.count)
    let rest = try #require(requests.first { $0.rangeStart == ServerTests.half })
    #expect(rest.head.contains("If-Range: \"one\"\r\n"))
  }

  @Test func aConnectionThatBreaksIsCarriedOnByARange() throws {
    try expectCarriedOn(
      try expectStaged(try DeviceFolder()) { request in ServerTests.broken(request) })
  }

  /// Attempts that bring something do not count as fruitless, however many there are.
  @Test func aConnectionMayBreakManyTimes() throws {
    let tenth = ServerTests.file.count / 10
    let requests = try expectStaged(try DeviceFolder()) { request in
      .file(ServerTests.file, request, after: tenth)
    }
    #expect(requests.count >= 10)
  }

  @Test func aServerThatOnlyBreaksIsGivenUp() throws {
    let requests = try expectFailure(66, "broke off", written: true) { request in
      ServerTests.broken(request, rest: 0)
    }
    #expect(requests.count { $0.rangeStart == ServerTests.half } == 2)
  }

  @Test func aStallIsCarriedOn() throws {
    try expectCarriedOn(
      try expectStaged(try DeviceFolder()) { request in
        let isCut = request.rangeStart ?? 0 < ServerTests.half
        return ServerTests.broken(request, isCut ? .stall : .close)
      })
  }

  @Test func aServerThatOnlyStallsIsGivenUp() throws {
    let impatient = DeviceFolder.configuration.replacingOccurrences(
      of: "retries = 2", with: "retries = 0")
    try expectFailure(66, "stopped sending", written: true, configuration: impatient) { request in
      ServerTests.broken(request, .stall)
    }
  }

  @Test func aServerThatIgnoresRangesIsReadThrough() throws {
    let requests = try expectStaged(try DeviceFolder()) { request in
      let whole = RoughRequest(number: request.number, head: "")
      return .file(ServerTests.file, whole, after: request.number == 0 ? ServerTests.half : nil)
    }
    #expect(requests.map(\.rangeStart) == [0, ServerTests.half])
  }

  // MARK: - Lengths

  @Test func aServerThatSaysLessIsFoundBeforeAnythingIsWritten() throws {
    let file = Array(ServerTests.file.dropLast(1000))
    try expectFailure(65, "the bundle ends after \(file.count) of", written: false) { request in
      .file(file, request)
    }
  }

  @Test func aServerThatSaysMoreIsFoundBeforeAnythingIsWritten() throws {
    let file = ServerTests.file + [0]
    try expectFailure(65, "there is data after the end of the bundle", written: false) { request in
      .file(file, request)
    }
  }

  @Test func whatIsSentBeyondTheLengthIsNotTaken() throws {
    _ = try expectStaged(try DeviceFolder()) { request in
      var answer = RoughAnswer.file(ServerTests.file, request)
      answer.bytes += [UInt8](repeating: 0xFF, count: 5000)
      return answer
    }
  }

  @Test func aServerThatSaysNoLengthIsReadToTheEnd() throws {
    _ = try expectStaged(try DeviceFolder()) { _ in
      RoughAnswer("200 OK", body: ServerTests.file)
    }
  }

  @Test func withoutALengthTooLittleIsFoundAtTheEnd() throws {
    try expectFailure(65, "the bundle ends after", written: true) { _ in
      RoughAnswer("200 OK", body: Array(ServerTests.file.dropLast(1)))
    }
  }

  @Test func withoutALengthTooMuchIsFoundAtTheEnd() throws {
    try expectFailure(65, "there is data after the end of the bundle", written: true) { _ in
      RoughAnswer("200 OK", body: ServerTests.file + [0])
    }
  }

  // MARK: - Another file

  /// The server replaces the file while it is being read: by another of the same length.
  @Test(arguments: ["206 Partial Content", "200 OK"])
  func aFileThatChangesIsNoticed(status: String) throws {
    try expectFailure(66, "changed while it was being read", written: true) { request in
      let first = request.rangeStart ?? 0 == 0
      let asked = status == "200 OK" ? RoughRequest(number: request.number, head: "") : request
      return .file(
        ServerTests.file, asked, tag: first ? "\"one\"" : "\"two\"",
        after: first ? ServerTests.half : nil)
    }
  }

  @Test func aFileThatChangesItsLengthIsNoticed() throws {
    try expectFailure(66, "changed while it was being read", written: true) { request in
      let first = request.rangeStart ?? 0 == 0
      return .file(
        first ? ServerTests.file : ServerTests.file + [0], request,
        after: first ? ServerTests.half : nil)
    }
  }

  @Test func anAnswerFromALaterByteIsRefused() throws {
    try expectFailure(66, "changed while it was being read", written: true) { request in
      guard request.rangeStart == ServerTests.half else { return ServerTests.broken(request) }
      return .file(
        ServerTests.file,
        RoughRequest(number: request.number, head: "Range: bytes=\(ServerTests.half + 1)-"))
    }
  }

  // MARK: - Redirects

  @Test func aRedirectIsFollowed() throws {
    let server = try WebServer()
    let address = try server.publish(ServerTests.file)
    let script: RoughServer.Script = { _ in RoughAnswer("302 Found", ["Location: \(address)"]) }
    try withRoughServer(script) { rough in
      let device = try DeviceFolder()
      #expect(try device.update("apply", rough.address).status == 0)
      #expect(try device.slotHolds(Releases.next.image))
    }
  }

  @Test func aCircleOfRedirectsIsNamed() throws {
    let requests = try expectFailure(66, "redirects in a circle, or too often", written: false) {
      request in RoughAnswer("302 Found", ["Location: /\(request.number)", "Content-Length: 0"])
    }
    #expect(requests.count == 11)
  }

  // MARK: - Encryption

  @Test func aCertificateThatNobodyVouchesForIsRefused() throws {
    let device = try DeviceFolder()
    let server = try WebServer(tls: true)
    let address = try server.publish(ServerTests.file)
    let before = try device.snapshot()
    let refused = try device.update("apply", address)
    #expect(refused.status == 66)
    #expect(refused.errors.contains("the certificate of the server is not accepted"))
    #expect(refused.errors.contains("'certificate-authorities' in update.toml"))
    #expect(try device.snapshot() == before)

    let trusting = "certificate-authorities = \"\(server.certificate)\"\n"
    try device.configure(DeviceFolder.configuration + trusting)
    // Nobody may lead an encrypted fetch to an unencrypted place.
    let led = try device.update("apply", server.address("plain"))
    #expect(led.status == 66)
    #expect(led.errors.contains("cannot fetch from"))
    #expect(try device.targetIsUntouched())

    #expect(try device.update("apply", address).status == 0)
    #expect(try device.slotHolds(Releases.next.image))
  }
}
