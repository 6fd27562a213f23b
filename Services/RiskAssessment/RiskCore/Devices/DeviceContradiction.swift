/// What a device says of itself that cannot all be true (design: risk, section 8).
enum DeviceContradiction: Int, Sendable, CaseIterable {
    /// The user agent's system is not the reported one.
    case system = 1
    /// The user agent's browser is not the reported one.
    case browser
    /// A graphics processor that the system does not have.
    case graphics
    /// A phone without touch points, or with a desktop's graphics.
    case handheld
    /// The named time zone has another offset at the event's time.
    case timeZone
    /// The request's first language is none of the script's.
    case language
    /// `navigator.platform` is of another family of systems.
    case platform
    /// A screen that cannot be.
    case screen
    /// The canvas gave two values.
    case unstableCanvas
    /// A canvas that is blocked or blank, or is missing beside WebGL.
    case blankCanvas
    /// Client hints contradict the user agent.
    case clientHints
    /// Impossible numbers of cores or memory.
    case hardware

    var weight: Int {
        switch self {
        case .graphics, .handheld: 2
        default: 1
        }
    }

    private static let names = allCases.map {
        $0.rawValue < 10 ? "S0\($0.rawValue)" : "S\($0.rawValue)"
    }

    /// Such as `S01`.
    var name: String { Self.names[rawValue - 1] }
}
