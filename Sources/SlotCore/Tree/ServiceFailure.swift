/// What can go wrong with a service and its trees on a device.
public enum ServiceCode: String, FailureCode {
  public static var domain: FailureDomain { .service }

  /// The new tree was not found healthy, and the one before it is back.
  case notHealthy = "not_healthy"
  /// The new tree is in place, and a unit could not be restarted.
  case restartFailed = "restart_failed"
  case noSuchService = "no_such_service"
  case noSpace = "no_space"
  case ioFailed = "io_failed"
  /// What the disk gives back is not what was unpacked.
  case treeMismatch = "tree_mismatch"
  case damagedRecord = "damaged_record"
}

public typealias ServiceFailure = Failure<ServiceCode>
