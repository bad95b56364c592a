import SlotCore
import Testing

extension TreeIdentity {
  static func sample(
    _ version: String, _ sequence: Int64, floor: Int64? = nil, units: [String] = ["a.service"]
  ) -> TreeIdentity {
    TreeIdentity(
      version: version, sequence: sequence, imageDigest: digest("image \(version)"),
      treeDigest: digest("tree \(version)"), units: units, floor: floor)
  }
}

extension ServiceRecord {
  /// A record with these installed one after the other, a day apart.
  static func sample(_ versions: (String, Int64)...) -> ServiceRecord {
    var record = ServiceRecord()
    for (day, (version, sequence)) in versions.enumerated() {
      record.begin(.sample(version, sequence))
      record.commit(at: Timestamp(seconds: Int64(day) * 86_400))
    }
    return record
  }
}

@Suite struct ServiceRecordTests {
  private let now = Timestamp(seconds: 1_700_000_000)

  @Test func anInstallKeepsWhatWasBefore() {
    let record = ServiceRecord.sample(("1", 1), ("2", 2), ("3", 3))
    #expect(record.current == .sample("3", 3))
    #expect(record.previous == .sample("2", 2))
    #expect(record.older.map(\.version) == ["1"])
    #expect(record.older.map(\.at) == [Timestamp(seconds: 2 * 86_400)])
    #expect(record.next == nil)
    #expect(record.keptVersions == ["2", "3"])
  }

  @Test func aRollbackChangesPlaces() {
    var record = ServiceRecord.sample(("1", 1), ("2", 2), ("3", 3))
    record.begin(.sample("2", 2))
    record.commit(at: now)
    #expect(record.current == .sample("2", 2))
    #expect(record.previous == .sample("3", 3))
    #expect(record.older.map(\.version) == ["1"])
  }

  @Test func whatIsInstalledAgainIsNotOld() {
    var record = ServiceRecord.sample(("1", 1), ("2", 2), ("3", 3))
    record.begin(.sample("1", 1))
    record.commit(at: now)
    #expect(record.older.map(\.version) == ["2"])
  }

  @Test func whatIsPutBackIsKnownToBeBad() throws {
    var record = ServiceRecord.sample(("1", 1))
    record.begin(.sample("2", 2, floor: 2))
    record.putBack(reason: "/health answered 500", at: now)
    #expect(record.current == .sample("1", 1))
    #expect(record.next == nil)
    #expect(record.floor == 0)
    let putBack = try #require(record.putBack)
    #expect(putBack.reason == "/health answered 500")
    #expect(record.knownBad.map(\.imageDigest) == [digest("image 2")])
    record.begin(.sample("2", 2, floor: 2))
    record.commit(at: now)
    #expect(record.knownBad == [])
    #expect(record.putBack == nil)
    #expect(record.floor == 2)
  }

  @Test func aRollbackThatIsPutBackBlamesNobody() {
    var record = ServiceRecord.sample(("1", 1), ("2", 2))
    record.begin(.sample("1", 1))
    record.putBack(reason: "down", at: now)
    #expect(record.knownBad == [])
    #expect(record.previous == .sample("1", 1))
    #expect(record.current == .sample("2", 2))
  }

  @Test func onlyTheLinkTellsWhetherASwapHappened() {
    var before = ServiceRecord.sample(("1", 1))
    before.begin(.sample("2", 2))
    var after = before
    #expect(before.settle(linked: "1") == [])
    #expect(before.next == nil)
    #expect(after.settle(linked: "2") == [])
    #expect(after.next == .sample("2", 2))
    #expect(after.running(linked: "2") == .sample("2", 2))
    #expect(before.running(linked: "1") == .sample("1", 1))
    #expect(before.settle(linked: nil) != [])
    #expect(before.settle(linked: "9") != [])
  }

  @Test func unitsOfBothTreesAreAffected() {
    var record = ServiceRecord()
    record.begin(.sample("1", 1, units: ["a.service", "b.service"]))
    record.commit(at: now)
    record.begin(.sample("2", 2, units: ["c.service", "b.service"]))
    #expect(record.affectedUnits == ["c.service", "b.service", "a.service"])
  }

  // MARK: - The file

  @Test func readsAsWritten() throws {
    var records = ServiceRecords()
    records["gateway"] = ServiceRecord.sample(("1", 1), ("2", 2), ("3", 3))
    records["gateway"].begin(.sample("4", 4))
    records["gateway"].putBack(reason: "down", at: now)
    records["gateway"].begin(.sample("5", 5, floor: 3))
    let read = try ServiceRecords(decoding: records.encoded())
    #expect(read.names == ["gateway"])
    #expect(read.encoded() == records.encoded())
    #expect(read["gateway"].next == .sample("5", 5, floor: 3))
    #expect(read["gateway"].older == records["gateway"].older)
    #expect(read["gateway"].knownBad == records["gateway"].knownBad)
    #expect(read["gateway"].putBack == records["gateway"].putBack)
  }

  @Test func whatIsNotKnownIsKept() throws {
    let text =
      #"{"type":"krux-services","format":1,"x":1,"services":{"a":{"y":2,"floor":3},"B":{"z":1}}}"#
    let read = try ServiceRecords(decoding: Array(text.utf8))
    #expect(read.names == ["a"])
    #expect(read["a"].floor == 3)
    let written = String(decoding: read.encoded(), as: UTF8.self)
    for member in [#""x": 1"#, #""y": 2"#, #""z": 1"#] { #expect(written.contains(member)) }
  }

  @Test(arguments: ["", "{}", "[]", #"{"type":"krux-services"}"#, #"{"type":"x","services":{}}"#])
  func whatIsNoRecordIsDamaged(text: String) {
    #expect(
      code { _ = try ServiceRecords(decoding: Array(text.utf8)) } == ServiceCode.damagedRecord)
  }
}
