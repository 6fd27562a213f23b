internal import AssayMessages
internal import RuleLanguage
internal import Wire

extension FactField<AssayRiskV1.Device> {
    /// All but `dev.id`, `dev.is_emulator` and `dev.spoof_signals`, which are the device analysis's.
    static let device: [FactField] = [
        .text("dev.attestation", "device.attestation") { $0.attestation },
        .reading("dev.browser_age_months", "device.browser_version") { device, context in
            BrowserReleases.age(of: device.browser, device.browserVersion, at: context.seconds)
        },
        // A device without fingerprints tells something by that, so these may be empty.
        .reading("dev.canvas", "device.canvas_fingerprint") { device, _ in
            .text(device.canvasFingerprint)
        },
        .reading("dev.webgl", "device.webgl_fingerprint") { device, _ in
            .text(device.webglFingerprint)
        },
        .reading("dev.gpu", "device.gpu_info") { device, _ in
            .text(device.gpuInfo.lowercased())
        },
        .flag("dev.canvas_unstable", "device.canvas_repeat_differs") { $0.canvasRepeatDiffers },
        .flag("dev.cloned_app", "device.cloned_app") { $0.clonedApp },
        .text("dev.connection", "device.connection") { $0.connection },
        .flag("dev.debugger", "device.debugger") { $0.debugger },
        // An attestation comes from the system, which would know of a reset.
        .reading("dev.factory_reset_days", "device.factory_reset_at") { device, context in
            context.age(
                of: device.factoryResetAt, in: .secondsPerDay,
                ifAnswered: !device.attestation.isEmpty)
        },
        .flag("dev.headless", "device.headless") { $0.headless },
        .flag("dev.incognito", "device.incognito") { $0.incognito },
        .reading("dev.language_countries", "device.languages") { device, _ in
            let countries = LanguageTag.countries(device.languages)
            return countries.isEmpty ? .absent : .texts(countries)
        },
        .flag("dev.malware", "device.malware") { $0.malware },
        .flag("dev.mobile", "device.mobile") { $0.mobile },
        .flag("dev.mock_location", "device.mock_location") { $0.mockLocation },
        .text("dev.os", "device.os") { OperatingSystemName.normalised($0.os) },
        .flag("dev.remote_access", "device.remote_access") { $0.remoteAccess },
        .flag("dev.rooted", "device.rooted") { $0.rooted },
        .flag("dev.screen_share", "device.screen_share") { $0.screenShare },
        .whole("dev.screen_w", "device.screen.width") { $0.screen?.width.map { Int64($0) } },
        .whole("dev.tz_offset_min", "device.utc_offset_min") {
            $0.utcOffsetMin.map { Int64($0) }
        },
        .text("dev.ua_os", "device.user_agent") {
            OperatingSystemName.found(inUserAgent: $0.userAgent)
        },
        .flag("dev.vm", "device.vm") { $0.vm },
        .flag("dev.webdriver", "device.webdriver") { $0.webdriver },
    ]
}

/// Countries in language tags (BCP 47): `de-AT` names one, `de` none.
enum LanguageTag {
    /// In order, each once, in capital letters.
    static func countries(_ tags: [String]) -> [String] {
        var countries: [String] = []
        for tag in tags {
            guard let country = country(tag), !countries.contains(country) else { continue }
            countries.append(country)
        }
        return countries
    }

    /// The region subtag: two letters that follow the language, possibly behind a script.
    static func country(_ tag: String) -> String? {
        for part in tag.utf8.split(whereSeparator: { $0 == 0x2D || $0 == 0x5F }).dropFirst() {
            // A single letter or digit begins an extension, in which regions mean something else.
            if part.count == 1 { return nil }
            if part.count == 2, part.allSatisfy({ $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A }) {
                return Substring(part).uppercased()
            }
        }
        return nil
    }
}
