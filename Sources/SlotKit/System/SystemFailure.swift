public import SlotCore

/// What the system that this runs on lacks.
public enum SystemCode: String, FailureCode {
  public static var domain: FailureDomain { .system }

  /// A library that only some commands need, or a function of it.
  case libraryMissing = "library_missing"
}

public typealias SystemFailure = Failure<SystemCode>
