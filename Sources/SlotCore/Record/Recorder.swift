/// Where what happens is reported to: the journal and the audit log, in the executables.
public protocol Recorder: Sendable {
  /// Never fails and never waits for long: an update does not depend on what is told of it.
  func record(_ event: RecordEvent)
}

/// Keeps nothing.
public struct NoRecorder: Recorder {
  public init() {}
  public func record(_ event: RecordEvent) {}
}
