/// Why automatic updates cannot be set as they were asked for.
public enum AutoCode: String, FailureCode {
  public static var domain: FailureDomain { .configuration }

  case wrongWindow = "wrong_window"
  case wrongDuration = "wrong_duration"
  case unknownTimeZone = "unknown_time_zone"
  case damagedChoice = "damaged_auto"
  case ioFailed = "auto_io_failed"
}

public typealias AutoFailure = Failure<AutoCode>
