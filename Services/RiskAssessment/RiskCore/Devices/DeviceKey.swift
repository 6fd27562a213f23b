internal import AssayMessages

/// What names a device, from the strongest on. An id says nothing without the tenant's key, and
/// two tenants have different ids for one device.
enum DeviceStrength: String, Sendable {
    /// A key in the device's hardware vouches for it.
    case attested
    /// The app was given an id when it was installed.
    case installed
    /// Canvas, WebGL, graphics, screen and system: other devices may have the same.
    case fingerprint
}

/// The key of one tenant's device ids.
struct DeviceKey: Sendable {
    private let hash: KeyedHash

    init(_ keys: TenantKeys, tenant: String) { hash = keys.hashes(of: tenant) }

    /// Nil if the device says nothing that could name it.
    func identity(of device: AssayRiskV1.Device) -> (id: String, strength: DeviceStrength)? {
        var message: [UInt8] = []
        message.reserveCapacity(256)
        let strength: DeviceStrength
        if !device.attestationKeyID.isEmpty, !device.attestation.hasPrefix("fail") {
            strength = .attested
            Self.append(strength.rawValue, to: &message)
            Self.append(device.attestationKeyID, to: &message)
        } else if !device.installID.isEmpty {
            strength = .installed
            Self.append(strength.rawValue, to: &message)
            Self.append(device.installID, to: &message)
        } else if !device.canvasFingerprint.isEmpty || !device.webglFingerprint.isEmpty {
            strength = .fingerprint
            Self.append(strength.rawValue, to: &message)
            Self.appendFingerprint(device, to: &message)
        } else {
            return nil
        }
        return (hash.text(of: message), strength)
    }

    private static func appendFingerprint(
        _ device: AssayRiskV1.Device, to message: inout [UInt8]
    ) {
        append(device.canvasFingerprint, to: &message)
        append(device.webglFingerprint, to: &message)
        for text in [device.gpuInfo, device.os] {
            let lowered = LowerText(text).bytes
            append(UInt64(lowered.count), to: &message)
            message += lowered
        }
        // A turned screen is the same screen.
        let sides = [device.screen?.width, device.screen?.height].map { UInt64(clamping: $0 ?? 0) }
            .sorted()
        append(sides[0], to: &message)
        append(sides[1], to: &message)
    }

    /// With its length, so that no two lists of texts make the same message.
    private static func append(_ text: String, to message: inout [UInt8]) {
        append(UInt64(text.utf8.count), to: &message)
        message += text.utf8
    }

    private static func append(_ number: UInt64, to message: inout [UInt8]) {
        withUnsafeBytes(of: number.littleEndian) { message += $0 }
    }
}
