extension AutoMemory {
  private static let type = "krux-auto-state"
  public static let byteLimit = 64 << 10

  /// The file `auto-state.json`.
  public var encoded: [UInt8] {
    let json = JSONValue.object([
      "type": .string(AutoMemory.type), "format": .integer(1),
      "asked": asked.map { moment in
        .object([
          "at": .string(moment.wall.description), "boot": .string(moment.boot),
          "uptimeMilliseconds": .integer(moment.uptime),
        ])
      },
      "delaySeconds": .integer(delay), "failures": .integer(failures),
      "installFailures": .integer(installFailures), "failure": failure.json,
      "downloaded": (downloaded?.hex).json,
      "passed": .array(passed.map(\.json)), "inhibited": .strings(inhibited),
      "told": told.json,
    ])
    return Array(json.pretty.utf8)
  }

  /// Nil for what is no such file, or damaged: what is lost with it is at most one more trial of an image that nobody
  /// blamed, which is less than no updates any more.
  public init?(decoding bytes: [UInt8]) {
    func count(_ json: JSONValue?) -> Int64? {
      json?.integerValue.flatMap { (0...AutoMemory.maximumFailures).contains($0) ? $0 : nil }
    }
    let limits = JSONLimits(byteCount: AutoMemory.byteLimit, depth: 8, valueCount: 1000)
    guard let json = try? JSONParser.parse(bytes, limits: limits),
      json["type"]?.stringValue == AutoMemory.type,
      let failures = count(json["failures"]), let installs = count(json["installFailures"]),
      let delay = json["delaySeconds"]?.integerValue, (0...AutoMemory.longestDelay).contains(delay)
    else { return nil }
    self.init()
    (self.failures, installFailures, self.delay) = (failures, installs, delay)
    asked = json["asked"].flatMap(AutoMoment.init)
    told = json["told"]?.stringValue
    failure = json["failure"]?.stringValue
    downloaded = json["downloaded"]?.stringValue.flatMap(Digest.init(hex:))
    passed = (json["passed"]?.arrayValue ?? []).prefix(AutoMemory.maximumPassed)
      .compactMap(Passed.init)
    inhibited = json["inhibited"]?.arrayValue?.compactMap(\.stringValue) ?? []
  }

  private static let longestDelay =
    AutoSettings.intervals.upperBound + AutoSettings.jitters.upperBound
}

extension AutoMoment {
  fileprivate init?(_ json: JSONValue) {
    guard let wall = json["at"]?.stringValue.flatMap({ Timestamp($0) }),
      let boot = json["boot"]?.stringValue,
      let uptime = json["uptimeMilliseconds"]?.integerValue, (0...Int64.max / 2).contains(uptime)
    else { return nil }
    self.init(wall: wall, boot: boot, uptime: uptime)
  }
}

extension AutoMemory.Passed {
  fileprivate var json: JSONValue {
    .object([
      "image": .string(image.hex), "version": .string(version), "why": .string(why.rawValue),
      "at": .string(at.description), "boot": .string(boot), "pending": .bool(isPending),
      "rebooted": rebooted.json,
    ])
  }

  fileprivate init?(_ json: JSONValue) {
    guard let image = json["image"]?.stringValue.flatMap(Digest.init(hex:)),
      let version = json["version"]?.stringValue,
      let why = json["why"]?.stringValue.flatMap(Why.init(rawValue:)),
      let at = json["at"]?.stringValue.flatMap({ Timestamp($0) }),
      let boot = json["boot"]?.stringValue, let isPending = json["pending"]?.boolValue
    else { return nil }
    self.init(
      image: image, version: version, why: why, at: at, boot: boot, isPending: isPending,
      rebooted: json["rebooted"]?.stringValue)
  }
}
