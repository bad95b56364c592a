/// How a boot is watched. Times are milliseconds of the boot clock, which no change of the date moves.
public struct HealthPolicy: Equatable, Sendable {
  /// From the start of one round of checks to the next.
  public var interval: Int64
  /// When the boot has to be healthy, counted from the start of the kernel.
  public var deadline: Int64
  /// Good rounds in a row that make a boot healthy.
  public var successes: Int

  public init(interval: Int64, deadline: Int64, successes: Int = 1) {
    self.interval = interval
    self.deadline = deadline
    self.successes = successes
  }
}

/// Whether a boot is healthy, decided from the results of rounds of checks. A value without a clock: times
/// come in with the events.
///
/// A watcher that starts after the deadline, as one that was restarted may, still gets one round.
public struct HealthMonitor: Equatable, Sendable {
  /// What the caller does next.
  public enum Action: Equatable, Sendable {
    /// One round of checks; then `checked`.
    case check
    /// Nothing until the boot clock shows this; then `woken`.
    case wait(until: Int64)
    case healthy
    /// The deadline passed. The reason is that of the last bad round.
    case unhealthy(reason: String)
  }

  public let policy: HealthPolicy
  private var good = 0
  private var roundStart: Int64 = 0
  private var lastReason: String?

  public init(_ policy: HealthPolicy) { self.policy = policy }

  /// The watch begins.
  public mutating func start(at now: Int64) -> Action { woken(at: now) }

  /// A wait is over.
  public mutating func woken(at now: Int64) -> Action {
    roundStart = now
    return .check
  }

  /// A round of checks is over.
  public mutating func checked(_ result: CheckResult, at now: Int64) -> Action {
    switch result {
    case .healthy:
      good += 1
      if good >= policy.successes { return .healthy }
    case .unhealthy(let reason):
      good = 0
      lastReason = reason
    }
    guard now < policy.deadline else {
      return .unhealthy(
        reason: result == .healthy
          ? "only \(good) of \(policy.successes) good checks in a row" : lastReason ?? "unknown")
    }
    let next = min(roundStart + policy.interval, policy.deadline)
    return next > now ? .wait(until: next) : woken(at: now)
  }
}
