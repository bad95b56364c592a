internal import CSodium

extension TUF {
  /// A hash that metadata states, by the name that Python's hashlib has for the algorithm.
  public struct Hash: Hashable, Sendable {
    public let algorithm: String
    /// Hexadecimal.
    public let hex: String

    public init(_ algorithm: HashAlgorithm, of bytes: [UInt8]) {
      self.init(algorithm: algorithm.rawValue, hex: Hex.encode(algorithm.digest(of: bytes)))
    }

    init(algorithm: String, hex: String) {
      self.algorithm = algorithm
      self.hex = hex
    }

    /// Whether this version computes it.
    public var isComputed: Bool { expected != nil }

    /// Nil for an algorithm that this version does not compute.
    fileprivate var expected: ExpectedDigest? {
      HashAlgorithm(rawValue: algorithm).map { ExpectedDigest(algorithm: $0, hex: hex) }
    }
  }

  fileprivate struct ExpectedDigest {
    let algorithm: HashAlgorithm
    let hex: String
  }

  /// The algorithms that this version computes.
  public enum HashAlgorithm: String, CaseIterable, Sendable {
    case sha256
    case sha512
    case blake2b256 = "blake2b-256"

    public func digest(of bytes: [UInt8]) -> [UInt8] {
      var stream = HashStream([self])
      bytes.withUnsafeBytes { stream.update($0) }
      return stream.finish()[self] ?? []
    }
  }

  /// Digests by several algorithms, made piece by piece: `crypto_hash_sha256(3)` and the like of libsodium.
  struct HashStream: ~Copyable {
    private let algorithms: [HashAlgorithm]
    private var sha256 = crypto_hash_sha256_state()
    private var sha512 = crypto_hash_sha512_state()
    private var blake2b = DigestStream()

    init(_ algorithms: [HashAlgorithm]) {
      self.algorithms = algorithms
      crypto_hash_sha256_init(&sha256)
      crypto_hash_sha512_init(&sha512)
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
      let (base, count) = (bytes.bindMemory(to: UInt8.self).baseAddress, UInt64(bytes.count))
      for algorithm in algorithms {
        switch algorithm {
        case .sha256: crypto_hash_sha256_update(&sha256, base, count)
        case .sha512: crypto_hash_sha512_update(&sha512, base, count)
        case .blake2b256: blake2b.update(bytes)
        }
      }
    }

    consuming func finish() -> [HashAlgorithm: [UInt8]] {
      var digests: [HashAlgorithm: [UInt8]] = [:]
      var (short, long) = ([UInt8](repeating: 0, count: 32), [UInt8](repeating: 0, count: 64))
      crypto_hash_sha256_final(&sha256, &short)
      crypto_hash_sha512_final(&sha512, &long)
      for algorithm in algorithms { digests[algorithm] = algorithm == .sha512 ? long : short }
      if algorithms.contains(.blake2b256) { digests[.blake2b256] = blake2b.finish() }
      return digests
    }
  }

  /// Compares a file, as it comes, with the hashes that metadata states of it.
  ///
  /// All of those that this version computes have to match, and there has to be one. The others are passed over.
  public struct HashCheck: ~Copyable {
    private let expected: [ExpectedDigest]
    private var stream: HashStream

    public init(_ hashes: [Hash]) {
      expected = hashes.compactMap(\.expected)
      stream = HashStream(expected.map(\.algorithm))
    }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) { stream.update(bytes) }

    public consuming func matches() -> Bool {
      let expected = expected
      let digests = stream.finish()
      return !expected.isEmpty
        && expected.allSatisfy { Hex.decode($0.hex) == digests[$0.algorithm] }
    }

    static func matches(_ hashes: [Hash], _ bytes: [UInt8]) -> Bool {
      var check = HashCheck(hashes)
      bytes.withUnsafeBytes { check.update($0) }
      return check.matches()
    }
  }
}

extension TUF.Fields {
  /// Nil when there is no such member.
  func hashes(_ name: String) throws(FeedFailure) -> [TUF.Hash]? {
    guard self[name] != nil else { return nil }
    var hashes: [TUF.Hash] = []
    for member in try object(name).members {
      guard let hex = member.value.stringValue else { throw wrong(name) }
      hashes.append(TUF.Hash(algorithm: member.name, hex: hex))
    }
    guard !hashes.isEmpty else { throw wrong(name) }
    return hashes
  }
}

extension [TUF.Hash] {
  var json: JSONValue { .object(map { JSONMember($0.algorithm, .string($0.hex)) }) }
}
