internal import Synchronization

/// What a block holds, by its number in a `BlockPool`: 0 for zeros, equal for equal contents.
public typealias BlockContent = UInt32

/// The contents of all blocks of disks that are compared with each other, each kept once.
public final class BlockPool: Sendable {
  private struct State {
    var contents: [[UInt8]]
    var numbers: [[UInt8]: BlockContent]
  }

  private let state: Mutex<State>

  public init() {
    let zeros = [UInt8](repeating: 0, count: PowerCutDisk.blockBytes)
    state = Mutex(State(contents: [zeros], numbers: [zeros: 0]))
  }

  /// `bytes` are one block.
  public func content(of bytes: [UInt8]) -> BlockContent {
    state.withLock { state in
      if let known = state.numbers[bytes] { return known }
      let new = BlockContent(state.contents.count)
      state.contents.append(bytes)
      state.numbers[bytes] = new
      return new
    }
  }

  func content(of bytes: UnsafeRawBufferPointer, block: Int) -> BlockContent {
    let start = block * PowerCutDisk.blockBytes
    return content(of: Array(bytes[start..<start + PowerCutDisk.blockBytes]))
  }

  func content(ofNumber number: Int) -> BlockContent {
    var bytes = [UInt8](repeating: 0, count: PowerCutDisk.blockBytes)
    withUnsafeBytes(of: number.littleEndian) { bytes.replaceSubrange(0..<8, with: $0) }
    return content(of: bytes)
  }

  func number(in content: BlockContent) -> Int {
    bytes(content).withUnsafeBytes { Int(littleEndian: $0.loadUnaligned(as: Int.self)) }
  }

  public func bytes(_ content: BlockContent) -> [UInt8] {
    state.withLock { $0.contents[Int(content)] }
  }

  func copy(_ content: BlockContent, to target: UnsafeMutableRawPointer?) {
    bytes(content).withUnsafeBytes { bytes in
      if let base = bytes.baseAddress { target?.copyMemory(from: base, byteCount: bytes.count) }
    }
  }
}
