internal import AssayMessages

/// What the analysis of a device came to.
public struct DeviceFindings: Sendable, Hashable {
    /// Weights that add up to this much are spoofing.
    static let spoofingWeight = 2

    /// Names of the contradictions, such as S01, in order.
    public var signals: [String] = []
    /// What they weigh together.
    public var weight = 0
    public var isEmulator = false
    /// On the list of devices with confirmed fraud when the event happened.
    public var isKnown = false
    /// Keyed hash; empty if the device says too little of itself.
    public var id = ""
    /// attested, installed or fingerprint; empty without an id.
    public var strength = ""

    public init() {}

    public var isSpoofed: Bool { weight >= Self.spoofingWeight }

    /// 0 to 100.
    public var score: Int {
        min(100, (isSpoofed ? 40 : 0) + (isKnown ? 60 : 0) + (isEmulator ? 50 : 0))
    }

    var message: AssayRiskV1.FingerprintResult {
        var flags: [String] = []
        if isSpoofed { flags.append("fingerprint_spoofing") }
        if isKnown { flags.append("known_fraud_device") }
        if isEmulator { flags.append("emulator_detected") }
        return AssayRiskV1.FingerprintResult(
            score: Int32(score), spoofingDetected: isSpoofed, knownFraudDevice: isKnown,
            emulatorDetected: isEmulator, flags: flags, signals: signals, deviceID: id,
            strength: strength)
    }

    /// The facts that rules read.
    func fill(_ sheet: inout FactSheet) {
        if !id.isEmpty { sheet.set("dev.id", to: .string(id)) }
        sheet.set("dev.is_emulator", to: .bool(isEmulator))
        sheet.set("dev.spoof_signals", to: .int(Int64(weight)))
    }
}
