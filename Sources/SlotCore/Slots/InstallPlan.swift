/// How the frames of an image get into the target slot. `--dry-run` prints it; one executor performs it.
public struct InstallPlan: Equatable, Sendable {
  public enum Source: Equatable, Sendable {
    /// Read in the target in this run, and equal to its digest.
    case target
    /// Zeros.
    case zero
    /// To be fetched from the bundle.
    case bundle
  }

  /// Frames that stand side by side and come from the same source.
  public struct Run: Equatable, Sendable {
    public var frames: Range<Int>
    public var source: Source
  }

  /// All frames of the image, in order.
  public private(set) var runs: [Run] = []
  /// Stored bytes to be fetched.
  public private(set) var fetchBytes: UInt64 = 0
  /// Uncompressed bytes to be written, zeros included.
  public private(set) var writeBytes: UInt64 = 0
  /// Uncompressed bytes that the target already has.
  public private(set) var keptBytes: UInt64 = 0

  /// `inTarget` says which frames were read in the target and matched.
  public init(_ table: FrameTable, inTarget: (Int) -> Bool) {
    for index in 0..<table.count {
      let frame = table[index]
      let source: Source =
        inTarget(index) ? .target : frame.codec == .zero ? .zero : .bundle
      switch source {
      case .target: keptBytes += UInt64(frame.length)
      case .zero: writeBytes += UInt64(frame.length)
      case .bundle:
        writeBytes += UInt64(frame.length)
        fetchBytes += UInt64(frame.storedLength)
      }
      if let last = runs.last, last.source == source {
        runs[runs.count - 1].frames = last.frames.lowerBound..<index + 1
      } else {
        runs.append(Run(frames: index..<index + 1, source: source))
      }
    }
  }

  /// The target equals the image already.
  public var isEmpty: Bool { writeBytes == 0 }
}
