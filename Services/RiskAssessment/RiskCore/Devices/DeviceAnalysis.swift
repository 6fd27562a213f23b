internal import AssayMessages
internal import RuleLanguage

/// Holds what a device says of itself against itself: a pure function of the device, the event's
/// time, lists and zones (design: risk, section 8). What is not said contradicts nothing.
struct DeviceAnalysis {
    /// Entries of lists beyond this are not looked at.
    static let maximumEntries = 64
    static let maximumCores: Int32 = 256
    static let maximumMemoryGiB: Int32 = 1_024

    private let device: AssayRiskV1.Device
    private let gpu: LowerText
    private let reported: LowerText
    private let userAgent: LowerText
    private let model: LowerText
    /// As reported; where nothing is, as the user agent has it.
    private let system: DeviceSystem?
    private let userAgentSystem: DeviceSystem?
    private let reportedSystem: DeviceSystem?

    init(_ device: AssayRiskV1.Device) {
        self.device = device
        gpu = LowerText(device.gpuInfo)
        reported = LowerText(device.os)
        userAgent = LowerText(device.userAgent)
        model = LowerText(device.model)
        reportedSystem = DeviceSystem(reported: reported)
        userAgentSystem = DeviceSystem(userAgent: userAgent)
        system = reportedSystem ?? userAgentSystem
    }

    /// - Parameters:
    ///   - second: when the event happened, in seconds since 1970.
    ///   - key: of the tenant.
    func findings(
        at second: Int64, key: DeviceKey, knowledge: DeviceKnowledge
    ) -> DeviceFindings {
        var findings = DeviceFindings()
        for contradiction in DeviceContradiction.allCases
        where holds(contradiction, at: second, knowledge) {
            findings.signals.append(contradiction.name)
            findings.weight += contradiction.weight
        }
        findings.isEmulator = isEmulator
        if let identity = key.identity(of: device) {
            findings.id = identity.id
            findings.strength = identity.strength.rawValue
            findings.isKnown = knowledge.isFraud(identity.id, at: second)
        }
        return findings
    }

    private func holds(
        _ contradiction: DeviceContradiction, at second: Int64, _ knowledge: DeviceKnowledge
    ) -> Bool {
        switch contradiction {
        case .system: hasOtherSystem
        case .browser: hasOtherBrowser
        case .graphics: hasImpossibleGraphics
        case .handheld: isImpossibleHandheld
        case .timeZone: hasOtherOffset(at: second, knowledge.zones)
        case .language: hasOtherLanguage
        case .platform: hasOtherPlatform
        case .screen: hasImpossibleScreen
        case .unstableCanvas: device.canvasRepeatDiffers == true
        case .blankCanvas: hasBlankCanvas(at: second, knowledge)
        case .clientHints: hasOtherHints
        case .hardware: hasImpossibleHardware
        }
    }

    // MARK: System and browser

    /// An iPad asks for desktop pages, and then its user agent is a Mac's.
    private var isDesktopPad: Bool {
        reportedSystem == .iOS && userAgentSystem == .macOS
            && (reported.contains("ipad") || model.contains("ipad"))
    }

    private var hasOtherSystem: Bool {
        guard let reportedSystem, let userAgentSystem, !isDesktopPad else { return false }
        return reportedSystem != userAgentSystem
    }

    private var hasOtherBrowser: Bool {
        guard let reported = DeviceBrowser(reported: LowerText(device.browser)),
            let found = DeviceBrowser(userAgent: userAgent)
        else { return false }
        return reported != found
    }

    private var hasOtherPlatform: Bool {
        guard let system, let family = DeviceSystem.Family(platform: LowerText(device.platform))
        else { return false }
        return family != system.family
    }

    /// Client hints hold quoted texts, such as `"Windows"`, and `?1` for yes.
    private var hasOtherHints: Bool {
        guard !device.clientHints.isEmpty else { return false }
        if let platform = device.clientHints["sec-ch-ua-platform"], let userAgentSystem,
            let hinted = DeviceSystem(reported: LowerText(platform)), hinted != userAgentSystem
        {
            return true
        }
        if !userAgent.isEmpty, let mobile = device.clientHints["sec-ch-ua-mobile"],
            mobile == "?1" || mobile == "?0",
            (mobile == "?1") != userAgent.contains("mobi")
        {
            return true
        }
        guard let brands = device.clientHints["sec-ch-ua"], !brands.isEmpty,
            let browser = DeviceBrowser(userAgent: userAgent)
        else { return false }
        if !browser.sendsHints { return true }
        // Made-up brands are part of every list; only a browser that names itself counts.
        let named = LowerText(brands)
        let isEdge = named.contains("microsoft edge")
        let isOpera = named.contains("opera")
        switch browser {
        case .edge: return !isEdge
        case .opera: return !isOpera
        default: return isEdge || isOpera
        }
    }

    // MARK: Hardware

    private var hasImpossibleGraphics: Bool {
        guard let system, !gpu.isEmpty else { return false }
        if system.family != .apple, gpu.containsAny(["apple", "metal"]) { return true }
        if system != .windows, gpu.containsAny(["direct3d", "d3d11", "d3d9", "d3d12"]) {
            return true
        }
        switch system {
        case .windows, .macOS, .iOS: return gpu.containsAny(["mali", "powervr"])
        case .android, .linux, .chromeOS: return false
        }
    }

    /// A phone or tablet; a television with such a system says that it is not mobile.
    private var isHandheld: Bool { system?.isHandheld == true && device.mobile != false }

    private var isImpossibleHandheld: Bool {
        guard isHandheld else { return false }
        if device.touchPoints == 0 { return true }
        if gpu.containsAny(["geforce", "radeon"]) { return true }
        return gpu.contains("intel") && gpu.containsAny([" hd", "iris"])
    }

    private var hasImpossibleScreen: Bool {
        guard let screen = device.screen else { return false }
        for side in [screen.width, screen.height, screen.availableWidth, screen.availableHeight] {
            if let side, side <= 0 { return true }
        }
        if let total = screen.width, let available = screen.availableWidth, available > total {
            return true
        }
        if let total = screen.height, let available = screen.availableHeight, available > total {
            return true
        }
        return screen.pixelRatio.map { !(0.5...6).contains($0) } ?? false
    }

    private var hasImpossibleHardware: Bool {
        if let cores = device.cpuCores, cores <= 0 || cores > Self.maximumCores { return true }
        guard let memory = device.memoryGib else { return false }
        return memory <= 0 || memory > Self.maximumMemoryGiB
    }

    // MARK: Place and canvas

    private func hasOtherOffset(at second: Int64, _ zones: ZoneTable) -> Bool {
        guard let reported = device.utcOffsetMin, !device.timezone.isEmpty,
            let offset = zones.offset(of: device.timezone, at: second)
        else { return false }
        return offset != Int64(reported) * 60
    }

    /// `de` and `de-AT` are the same language to this.
    private var hasOtherLanguage: Bool {
        guard !device.languages.isEmpty else { return false }
        let header = LowerText(device.acceptLanguage).bytes
        let ends: [UInt8] = [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: " ")]
        let first = header.prefix { !ends.contains($0) }
        guard !first.isEmpty, first != [UInt8(ascii: "*")] else { return false }
        return !device.languages.prefix(Self.maximumEntries).contains { language in
            let tag = LowerText(language).bytes[...]
            return Self.isPart(tag, of: first) || Self.isPart(first, of: tag)
        }
    }

    private static func isPart(_ short: ArraySlice<UInt8>, of long: ArraySlice<UInt8>) -> Bool {
        guard !short.isEmpty, long.starts(with: short) else { return false }
        return long.count == short.count
            || long[long.startIndex + short.count] == UInt8(ascii: "-")
    }

    private func hasBlankCanvas(at second: Int64, _ knowledge: DeviceKnowledge) -> Bool {
        if device.canvasFingerprint.isEmpty { return !device.webglFingerprint.isEmpty }
        return knowledge.isBlank(LowerText(device.canvasFingerprint), at: second)
    }

    // MARK: Emulator

    private static let emulators: [StaticString] = [
        "goldfish", "ranchu", "android emulator", "bluestacks", "genymotion", "virtualbox", "vbox",
        "vmware", "virgl",
    ]

    private var isEmulator: Bool {
        if gpu.containsAny(Self.emulators) || model.containsAny(Self.emulators) { return true }
        if hasEmulatorBuild { return true }
        guard isHandheld else { return false }
        if gpu.containsAny(["swiftshader", "llvmpipe"]) { return true }
        return device.sensors == 0 && device.batteryConstant == true
    }

    private var hasEmulatorBuild: Bool {
        var (hasTestKeys, isGeneric) = (false, false)
        for tag in device.buildTags.prefix(Self.maximumEntries) {
            let tag = LowerText(tag)
            if tag.containsAny(["sdk_gphone", "google_sdk"]) { return true }
            hasTestKeys = hasTestKeys || tag.contains("test-keys")
            isGeneric = isGeneric || tag.contains("generic")
        }
        return hasTestKeys && isGeneric
    }
}
