extension FactStatus {
    /// The status as records and replies name it.
    var name: String {
        switch self {
        case .present: "present"
        case .empty: "empty"
        case .absent: "absent"
        case .unavailable: "unavailable"
        case .withheld: "withheld"
        case .error: "error"
        }
    }
}
