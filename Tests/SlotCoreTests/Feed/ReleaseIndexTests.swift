import SlotCore
import Testing

/// A release of sequence `sequence` and version `1.0.sequence`, whose digests are of its sequence.
func release(
  _ sequence: Int64, minimumSource: Int64? = nil, compatible: [String] = ["box"],
  rollout: Rollout = .everybody, withdrawn: String? = nil
) -> Release {
  Release(
    version: "1.0.\(sequence)", sequence: sequence, minimumSource: minimumSource,
    compatible: compatible, released: Timestamp(seconds: 1_700_000_000), notes: ["Better"],
    bundle: "bundles/os-\(sequence).krux", bundleLength: 450_000_000,
    manifestDigest: Digest(of: Array("manifest \(sequence)".utf8)),
    imageDigest: Digest(of: Array("image \(sequence)".utf8)), rollout: rollout,
    withdrawal: withdrawn.map {
      Release.Withdrawal(at: Timestamp(seconds: 1_700_000_500), reason: $0)
    })
}

func index(_ releases: Release..., floor: Int64? = nil) -> ReleaseIndex {
  ReleaseIndex(
    channel: "stable", product: "os", issued: Timestamp(seconds: 1_700_001_000), floor: floor,
    releases: releases)
}

@Suite struct ReleaseIndexTests {
  private let waves = Rollout(waves: [
    .init(from: Timestamp(seconds: 10), percent: 1),
    .init(from: Timestamp(seconds: 20), percent: 100),
  ])

  private func json(_ index: ReleaseIndex) throws -> JSONValue {
    try JSONParser.parse(index.encoded, limits: BundleLimits.json)
  }

  /// What reading says of an index with one member of it changed.
  private func refusal(_ name: String, _ value: JSONValue?) throws -> FeedCode? {
    let json = try json(index(release(1))).merging([name: value])
    return code { _ = try ReleaseIndex(decoding: Array(json.compact.utf8)) }
  }

  /// The same for a member of its one release.
  private func refusal(release name: String, _ value: JSONValue?) throws -> FeedCode? {
    let json = try json(index(release(1, rollout: waves, withdrawn: "bad")))
    let changed = try #require(json["releases"]?.arrayValue?.first).merging([name: value])
    let whole = json.merging(["releases": .array([changed])])
    return code { _ = try ReleaseIndex(decoding: Array(whole.compact.utf8)) }
  }

  @Test func roundTrip() throws {
    let whole = index(
      release(1, minimumSource: 1, rollout: waves, withdrawn: "It does not start"), release(2),
      floor: 1)
    #expect(try ReleaseIndex(decoding: whole.encoded) == whole)
    #expect(try ReleaseIndex(decoding: index().encoded) == index())
  }

  @Test func whatIsNewIsIgnored() throws {
    let json = try json(index(release(1))).merging(["later": .bool(true)])
    #expect(try ReleaseIndex(decoding: Array(json.compact.utf8)) == index(release(1)))
    let first = try #require(json["releases"]?.arrayValue?.first)
    let severe = json.merging(["releases": .array([first.merging(["severity": .string("?")])])])
    #expect(try ReleaseIndex(decoding: Array(severe.compact.utf8)) == index(release(1)))
  }

  @Test func anotherDocumentIsRefused() throws {
    #expect(try refusal("type", .string("krux-bundle")) == .malformedIndex)
    #expect(try refusal("format", .integer(2)) == .indexTooNew)
    #expect(try refusal("format", nil) == .malformedIndex)
  }

  @Test(arguments: ["channel", "product", "issued", "releases"])
  func whatIsMissingIsNamed(_ name: String) throws {
    #expect(try refusal(name, nil) == .malformedIndex)
  }

  @Test(
    arguments: [
      ("version", .string("1 0")), ("version", nil), ("sequence", .integer(0)),
      ("sequence", .integer(1 << 53)), ("sequence", .string("1")), ("minimumSource", .integer(-1)),
      ("compatible", .strings([])), ("compatible", .strings(["a b"])), ("released", .string("now")),
      ("notes", .string("text")), ("bundle", .string("")), ("bundle", nil),
      ("bundle", .string(String(repeating: "b", count: 2049))), ("bundleLength", .integer(-1)),
      ("manifestDigest", .string("00")), ("imageDigest", nil), ("withdrawn", .bool(true)),
      ("rollout", .array([.object(["from": .string("now"), "percent": .integer(1)])])),
      (
        "rollout",
        .array([.object(["from": .string("2026-01-01T00:00:00Z"), "percent": .integer(101)])])
      ),
    ] as [(String, JSONValue?)])
  func wrongMembersOfAReleaseAreNamed(_ name: String, _ value: JSONValue?) throws {
    #expect(try refusal(release: name, value) == .malformedIndex)
  }

  /// A share that sinks would take a release from devices that were offered it.
  @Test func wavesOnlyGrow() throws {
    for (from, percent) in [(5, 100), (30, 0)] as [(Int64, Int)] {
      let rollout = Rollout(
        waves: waves.waves + [.init(from: Timestamp(seconds: from), percent: percent)])
      let bytes = index(release(1, rollout: rollout)).encoded
      #expect(code { _ = try ReleaseIndex(decoding: bytes) } == FeedCode.malformedIndex)
    }
  }

  @Test func aSequenceNamesOneRelease() throws {
    let twice = index(release(1), release(1)).encoded
    #expect(code { _ = try ReleaseIndex(decoding: twice) } == FeedCode.malformedIndex)
    let others = index(release(1), release(1, compatible: ["other"]))
    #expect(try ReleaseIndex(decoding: others.encoded) == others)
  }

  @Test func numbersOfReleasesAreBounded() {
    let many = ReleaseIndex(
      channel: "stable", product: "os", issued: Timestamp(seconds: 0),
      releases: (1...4097).map { release($0) })
    #expect(code { _ = try ReleaseIndex(decoding: many.encoded) } == FeedCode.malformedIndex)
  }
}
