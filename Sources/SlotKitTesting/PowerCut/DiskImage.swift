/// What all blocks of a disk hold at one moment. Copies share what they have in common.
public struct DiskImage: Hashable, Sendable {
  private var volumes: [[BlockContent]]
  /// A hash of all that is not zero, kept up with every change, so that states can be counted.
  public private(set) var fingerprint: UInt64 = 0

  init(blockCounts: [Int]) {
    volumes = blockCounts.map { [BlockContent](repeating: 0, count: $0) }
  }

  var volumeCount: Int { volumes.count }

  /// The blocks of a volume; those behind its end are zeros.
  public subscript(volume: Int) -> [BlockContent] { volumes[volume] }

  public subscript(volume: Int, index: Int) -> BlockContent {
    get { index < volumes[volume].count ? volumes[volume][index] : 0 }
    set {
      if index >= volumes[volume].count {
        guard newValue != 0 else { return }
        let missing = index + 1 - volumes[volume].count
        volumes[volume] += [BlockContent](repeating: 0, count: missing)
      }
      let old = volumes[volume][index]
      guard old != newValue else { return }
      fingerprint &-= DiskImage.hash(volume, index, old)
      fingerprint &+= DiskImage.hash(volume, index, newValue)
      volumes[volume][index] = newValue
    }
  }

  mutating func addVolume() -> Int {
    volumes.append([])
    return volumes.count - 1
  }

  /// As many volumes as `other` has.
  mutating func grow(to other: Int) { while volumes.count < other { _ = addVolume() } }

  public static func == (left: DiskImage, right: DiskImage) -> Bool {
    left.fingerprint == right.fingerprint
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(fingerprint) }

  /// splitmix64's finaliser over the place and what it holds; zero for zeros, so that length does not count.
  private static func hash(_ volume: Int, _ index: Int, _ content: BlockContent) -> UInt64 {
    guard content != 0 else { return 0 }
    var random = SeededRandom(
      seed: UInt64(volume) << 56 ^ UInt64(index) << 32 ^ UInt64(content))
    return random.next()
  }
}
