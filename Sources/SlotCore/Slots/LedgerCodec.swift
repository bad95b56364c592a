extension Ledger {
  public static let type = "krux-ledger"
  /// Far from where adding one could overflow.
  private static let generations: ClosedRange<Int64> = 0...(1 << 53)
  static let limits = JSONLimits(byteCount: 1 << 20, depth: 12, valueCount: 20_000)

  /// The document of the next generation.
  public func encoded() -> [UInt8] {
    let slotMembers = SlotName.allCases.reduce(document["slots"] ?? .object([JSONMember]())) {
      json, slot in
      // A record that did not read (another version's state, say) stays as it is.
      slots[slot].map { json.merging([slot.rawValue: $0.json]) } ?? json
    }
    let json = document.merging([
      "type": .string(Ledger.type),
      "format": document["format"] ?? .integer(1),
      "generation": .integer(generation &+ 1),
      "floor": .integer(floor),
      "slots": slotMembers,
      "knownBad": .array(knownBad.map(\.json)),
      "history": history.json,
    ])
    return Array(json.pretty.utf8)
  }

  /// Reads a ledger that this version, an older or a newer one wrote: unknown members are kept.
  ///
  /// - Throws: `damaged`.
  public init(decoding bytes: [UInt8]) throws(LedgerFailure) {
    let json: JSONValue
    do { json = try JSONParser.parse(bytes, limits: Ledger.limits) } catch {
      throw LedgerFailure(.damaged, "the ledger is damaged: \(error)")
    }
    guard json["type"] == .string(Ledger.type), let generation = json["generation"]?.integerValue,
      Ledger.generations.contains(generation),
      let slotMembers = json["slots"], slotMembers.members != nil
    else { throw LedgerFailure(.damaged, "the ledger is damaged: it is no ledger of krux-update") }
    self.init()
    document = json
    self.generation = generation
    floor = json["floor"]?.integerValue.map { max(0, $0) } ?? 0
    for slot in SlotName.allCases {
      slots[slot] = slotMembers[slot.rawValue].flatMap(SlotRecord.init)
    }
    knownBad = (json["knownBad"]?.arrayValue ?? []).suffix(Ledger.maximumKnownBad)
      .compactMap(KnownBad.init)
    history = History(json["history"])
  }
}

extension SlotRecord {
  fileprivate var json: JSONValue {
    unknown.merging([
      "version": .string(image.version),
      "sequence": .integer(image.sequence),
      "imageDigest": .string(image.imageDigest.hex),
      "imageLength": .integer(Int64(image.imageLength)),
      "frameSize": .integer(Int64(image.frameSize)),
      "manifestDigest": (image.manifestDigest?.hex).json,
      "floor": image.floor.map { .integer($0) },
      "state": .string(state.rawValue),
      "since": .string(since.description),
      "stagedBoot": stagedBoot.json,
      "everConfirmed": .bool(everConfirmed),
      "failure": failure.json,
      "evidence": evidence.isEmpty ? nil : .strings(evidence),
      "inconclusive": inconclusive.json,
    ])
  }

  fileprivate init?(_ json: JSONValue) {
    guard let version = json["version"]?.stringValue,
      let sequence = json["sequence"]?.integerValue, BundleLimits.sequence.contains(sequence),
      let digest = json["imageDigest"]?.stringValue.flatMap(Digest.init(hex:)),
      let length = json["imageLength"]?.integerValue, length > 0,
      UInt64(length) <= BundleLimits.imageBytes,
      let frameSize = json["frameSize"]?.integerValue,
      BundleLimits.frameBytes.contains(Int(clamping: frameSize)),
      let state = json["state"]?.stringValue.flatMap(SlotState.init(rawValue:)),
      let since = json["since"]?.stringValue.flatMap({ Timestamp($0) })
    else { return nil }
    self.init(
      image: ImageIdentity(
        version: version, sequence: sequence, imageDigest: digest, imageLength: UInt64(length),
        frameSize: Int(frameSize),
        manifestDigest: json["manifestDigest"]?.stringValue.flatMap(Digest.init(hex:)),
        floor: json["floor"]?.integerValue),
      state: state, since: since, stagedBoot: json["stagedBoot"]?.stringValue,
      everConfirmed: json["everConfirmed"]?.boolValue ?? false,
      failure: json["failure"]?.stringValue,
      evidence: (json["evidence"]?.arrayValue ?? []).prefix(16).compactMap(\.stringValue),
      inconclusive: json["inconclusive"]?.stringValue)
    unknown = json
  }
}

extension KnownBad {
  var json: JSONValue {
    .object([
      "imageDigest": .string(imageDigest.hex), "version": .string(version),
      "reason": .string(reason), "at": .string(at.description),
    ])
  }

  init?(_ json: JSONValue) {
    guard let digest = json["imageDigest"]?.stringValue.flatMap(Digest.init(hex:)),
      let version = json["version"]?.stringValue, let reason = json["reason"]?.stringValue,
      let at = json["at"]?.stringValue.flatMap({ Timestamp($0) })
    else { return nil }
    self.init(imageDigest: digest, version: version, reason: reason, at: at)
  }
}
