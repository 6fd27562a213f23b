/// The browsers that the analysis tells apart. Those built on Chromium that hide behind its name
/// count as Chrome.
enum DeviceBrowser: Sendable {
    case chrome, edge, opera, samsung, firefox, safari, internetExplorer

    /// Whether it sends client hints.
    var sendsHints: Bool {
        switch self {
        case .chrome, .edge, .opera, .samsung: true
        case .firefox, .safari, .internetExplorer: false
        }
    }

    /// As a device reports it; nil if it is another, or none.
    init?(reported text: LowerText) {
        if text.contains("edge") {
            self = .edge
        } else if text.contains("opera") {
            self = .opera
        } else if text.contains("samsung") {
            self = .samsung
        } else if text.contains("firefox") {
            self = .firefox
        } else if text.containsAny(["chrom", "brave", "vivaldi"]) {
            self = .chrome
        } else if text.contains("safari") {
            self = .safari
        } else if text.contains("explorer") {
            self = .internetExplorer
        } else {
            return nil
        }
    }

    /// As a user agent names it, the most special name first: nearly all name Safari, and those
    /// built on Chromium name Chrome.
    init?(userAgent text: LowerText) {
        if text.containsAny(["edg/", "edga/", "edgios/", "edge/"]) {
            self = .edge
        } else if text.containsAny(["opr/", "opera"]) {
            self = .opera
        } else if text.contains("samsungbrowser") {
            self = .samsung
        } else if text.containsAny(["firefox/", "fxios/"]) {
            self = .firefox
        } else if text.containsAny(["chrome/", "crios/", "chromium/"]) {
            self = .chrome
        } else if text.contains("safari/") {
            self = .safari
        } else if text.containsAny(["trident/", "msie "]) {
            self = .internetExplorer
        } else {
            return nil
        }
    }
}
