/// Now, by two clocks: one that may be moved, and one that may not and begins at each boot.
public struct AutoMoment: Equatable, Sendable {
  public var wall: Timestamp
  /// `/proc/sys/kernel/random/boot_id` of the running system.
  public var boot: String
  /// Milliseconds since that boot, suspension included.
  public var uptime: Int64

  public init(wall: Timestamp, boot: String, uptime: Int64) {
    self.wall = wall
    self.boot = boot
    self.uptime = uptime
  }

  /// Seconds from `earlier` to this; nil where the clocks cannot tell: in another boot, and the wall clock goes back.
  func seconds(since earlier: AutoMoment) -> Int64? {
    if boot == earlier.boot { return max(0, uptime - earlier.uptime) / 1000 }
    let seconds = wall.seconds - earlier.wall.seconds
    return seconds >= 0 ? seconds : nil
  }
}
