/// The time that a feed's metadata is judged by.
///
/// A clock without a battery says 1970. What was signed says when, and it is not earlier than that: the floor. It is made
/// anew from what is trusted each time, and the system's clock never becomes part of it, so that one boot in 2106 strands
/// nobody, and a key that lied about the time takes its lie with it when it is rotated away.
public struct FeedClock: Equatable, Sendable {
  public let system: Timestamp
  /// The latest of the image's build time and of what trusted metadata say of their signing.
  public let floor: Timestamp

  public init(system: Timestamp, floor: Timestamp) {
    self.system = system
    self.floor = floor
  }

  public var now: Timestamp { max(system, floor) }

  /// The system's clock is known to be wrong: a server's certificate cannot be judged by it.
  public var isBehind: Bool { system < floor }
}
