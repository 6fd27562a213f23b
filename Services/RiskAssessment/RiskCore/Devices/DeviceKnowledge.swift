internal import RuleLanguage

/// What an analysis knows of devices besides the one before it; part of a rule set.
struct DeviceKnowledge: Sendable {
    /// The list of devices with confirmed fraud. A suspicion is no entry: somebody adds the device,
    /// and another person approves.
    static let fraudList = "fraud_devices"
    /// The list of canvas fingerprints of blocked or blank images, in lower case.
    static let blankList = "blank_canvases"

    /// What browsers and privacy tools say instead of a fingerprint.
    private static let blankTexts = Set(
        ["blocked", "blank", "null", "undefined", "none", "0", "n/a"].map { Array($0.utf8) })

    private let fraudDevices: TextSet?
    private let blankCanvases: TextSet?
    let zones: ZoneTable

    init(lists: [String: TextSet], zones: ZoneTable) {
        fraudDevices = lists[Self.fraudList]
        blankCanvases = lists[Self.blankList]
        self.zones = zones
    }

    /// - Parameter second: when the event happened, in seconds since 1970.
    func isFraud(_ id: String, at second: Int64) -> Bool {
        fraudDevices?.contains(id, at: second) ?? false
    }

    /// - Parameter canvas: in lower case.
    func isBlank(_ canvas: LowerText, at second: Int64) -> Bool {
        if Self.blankTexts.contains(canvas.bytes) { return true }
        guard let blankCanvases, blankCanvases.count > 0 else { return false }
        return blankCanvases.contains(String(decoding: canvas.bytes, as: UTF8.self), at: second)
    }
}
