/// The operating systems that the analysis tells apart.
enum DeviceSystem: Sendable {
    case windows, macOS, iOS, android, linux, chromeOS

    /// Systems of one family give the same `navigator.platform`.
    enum Family: Sendable {
        case windows, apple, unix
    }

    var family: Family {
        switch self {
        case .windows: .windows
        case .macOS, .iOS: .apple
        case .android, .linux, .chromeOS: .unix
        }
    }

    var isHandheld: Bool { self == .iOS || self == .android }

    /// As a device reports it; nil if it is another, or none.
    init?(reported text: LowerText) {
        if text.contains("windows") {
            self = .windows
        } else if text.contains("android") {
            self = .android
        } else if text.hasPrefix("ios") || text.containsAny(["ipad", "iphone"]) {
            self = .iOS
        } else if text.contains("mac") || text.hasPrefix("os x") || text.contains("darwin") {
            self = .macOS
        } else if text.containsAny(["chrome os", "chromeos", "chromium os", "cros"]) {
            self = .chromeOS
        } else if text.containsAny(["linux", "ubuntu", "debian", "fedora"]) {
            self = .linux
        } else {
            return nil
        }
    }

    /// As a user agent names it. The order matters: Android's names Linux, too, and that of an
    /// iPhone names Mac OS X.
    init?(userAgent text: LowerText) {
        if text.contains("windows") {
            self = .windows
        } else if text.contains("android") {
            self = .android
        } else if text.containsAny(["iphone", "ipad", "ipod"]) {
            self = .iOS
        } else if text.contains("cros ") {
            self = .chromeOS
        } else if text.containsAny(["macintosh", "mac os x"]) {
            self = .macOS
        } else if text.containsAny(["linux", "x11"]) {
            self = .linux
        } else {
            return nil
        }
    }
}

extension DeviceSystem.Family {
    /// The family of a `navigator.platform`, such as `Win32` or `Linux armv81`.
    init?(platform text: LowerText) {
        if text.hasPrefix("win") {
            self = .windows
        } else if text.hasPrefix("mac") || text.containsAny(["iphone", "ipad", "ipod"]) {
            self = .apple
        } else if text.containsAny(["linux", "android", "cros"]) {
            self = .unix
        } else {
            return nil
        }
    }
}
