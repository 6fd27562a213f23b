import AssayMessages
import Foundation
import RuleLanguage
import Testing
import Wire

@testable import RiskCore

@Suite struct DeviceAnalysisTests {
    typealias Device = AssayRiskV1.Device

    /// 1 March 2026, 11:53 UTC: winter time.
    static let winter: Int64 = 1_772_366_000
    /// 1 July 2026.
    static let summer: Int64 = 1_782_900_000

    static let keys = TenantKeys(secret: [UInt8](repeating: 7, count: 32))
    static let key = DeviceKey(keys, tenant: "acme")

    private static func knowledge(_ fraud: String = "", blank: String = "") throws
        -> DeviceKnowledge
    {
        var reader = ZoneReader()
        let text = try String(
            contentsOf: Repository.rules.appending(path: "zones.tsv"), encoding: .utf8)
        let zones = reader.read(RuleSources.File(name: "zones.tsv", text: text))
        #expect(reader.problems.isEmpty)
        var lists = ListReader()
        _ = lists.read([
            RuleSources.File(name: "lists/fraud_devices.txt", text: fraud),
            RuleSources.File(name: "lists/blank_canvases.txt", text: blank),
        ])
        #expect(lists.problems.isEmpty)
        return DeviceKnowledge(lists: lists.sets, zones: zones)
    }

    private static func findings(
        _ device: Device, at second: Int64 = winter, _ knowledge: DeviceKnowledge? = nil
    ) throws -> DeviceFindings {
        DeviceAnalysis(device).findings(
            at: second, key: key, knowledge: try knowledge ?? Self.knowledge())
    }

    /// A computer on which everything agrees.
    static let desktop = Device(
        canvasFingerprint: "c1", webglFingerprint: "w1",
        gpuInfo: "ANGLE (NVIDIA GeForce RTX 3060 Direct3D11)", browser: "Chrome", os: "Windows 11",
        userAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like "
            + "Gecko) Chrome/126.0.0.0 Safari/537.36",
        platform: "Win32", timezone: "Europe/Berlin", languages: ["de-DE", "en"],
        clientHints: [
            "sec-ch-ua": "\"Chromium\";v=\"126\", \"Google Chrome\";v=\"126\"",
            "sec-ch-ua-platform": "\"Windows\"", "sec-ch-ua-mobile": "?0",
        ],
        screen: AssayRiskV1.Screen(
            width: 1_920, height: 1_080, availableWidth: 1_920, availableHeight: 1_040,
            pixelRatio: 1),
        utcOffsetMin: 60, touchPoints: 0, cpuCores: 12, memoryGib: 32, canvasRepeatDiffers: false,
        acceptLanguage: "de-DE,de;q=0.9")

    /// A phone on which everything agrees.
    static let phone = Device(
        canvasFingerprint: "c2", webglFingerprint: "w2", gpuInfo: "Adreno (TM) 740",
        browser: "Chrome", os: "Android 14",
        userAgent: "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like "
            + "Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
        platform: "Linux armv81", timezone: "Europe/London", languages: ["en-GB"],
        utcOffsetMin: 0, touchPoints: 5, cpuCores: 8, memoryGib: 8, sensors: 12,
        batteryConstant: false, mobile: true, model: "Pixel 8", acceptLanguage: "en-GB")

    @Test("devices that agree with themselves have no signals")
    func honest() throws {
        for device in [Self.desktop, Self.phone, Device()] {
            let findings = try Self.findings(device)
            #expect(findings.signals.isEmpty && findings.score == 0 && !findings.isEmulator)
        }
        // In summer Berlin is two hours ahead.
        var device = Self.desktop
        device.utcOffsetMin = 120
        #expect(try Self.findings(device, at: Self.summer).signals.isEmpty)
        #expect(try Self.findings(Self.desktop, at: Self.summer).signals == ["S05"])
        var pad = Device(
            browser: "Safari", os: "iPadOS 17",
            userAgent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
                + "(KHTML, like Gecko) Version/17.4 Safari/605.1.15",
            platform: "MacIntel", touchPoints: 5)
        #expect(try Self.findings(pad).signals.isEmpty)
        pad.gpuInfo = "Apple GPU"
        #expect(try Self.findings(pad).signals.isEmpty)
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var signal: String
        var weight: Int
        var testDescription: String
        var device: Device

        init(
            _ signal: String, _ description: String, weight: Int = 1,
            from device: Device = DeviceAnalysisTests.desktop,
            _ change: (inout Device) -> Void
        ) {
            self.signal = signal
            self.weight = weight
            testDescription = "\(signal): \(description)"
            self.device = device
            change(&self.device)
        }
    }

    static let cases = [
        Case("S01", "another system") {
            $0.os = "macOS 14"
            $0.platform = ""
            $0.gpuInfo = ""
        },
        Case("S02", "another browser") { $0.browser = "FIREFOX" },
        Case("S03", "Apple graphics off Apple", weight: 2) { $0.gpuInfo = "Apple M1, Metal" },
        Case("S03", "Direct3D off Windows", weight: 2, from: phone) { $0.gpuInfo = "Direct3D11" },
        Case("S03", "Mali on Windows", weight: 2) { $0.gpuInfo = "MALI-G78" },
        Case("S04", "a phone without touch", weight: 2, from: phone) { $0.touchPoints = 0 },
        Case("S04", "a phone with desktop graphics", weight: 2, from: phone) {
            $0.gpuInfo = "NVIDIA GeForce GTX 1080"
        },
        Case("S04", "a phone with Intel graphics", weight: 2, from: phone) {
            $0.gpuInfo = "Intel(R) HD Graphics 620"
        },
        Case("S05", "another offset") { $0.utcOffsetMin = 0 },
        Case("S06", "another language") { $0.acceptLanguage = "RU-ru,ru;q=0.9" },
        Case("S07", "another platform") { $0.platform = "MacIntel" },
        Case("S08", "more available than there is") { $0.screen?.availableWidth = 1_921 },
        Case("S08", "a side of nothing") { $0.screen?.height = 0 },
        Case("S08", "a ratio that cannot be") { $0.screen?.pixelRatio = 6.01 },
        Case("S09", "two canvases") { $0.canvasRepeatDiffers = true },
        Case("S10", "WebGL without canvas") { $0.canvasFingerprint = "" },
        Case("S10", "a blocked canvas") { $0.canvasFingerprint = "Blocked" },
        Case("S11", "another platform hinted") {
            $0.clientHints["sec-ch-ua-platform"] = "\"Linux\""
        },
        Case("S11", "hinted to be mobile") { $0.clientHints["sec-ch-ua-mobile"] = "?1" },
        Case("S11", "another brand hinted") {
            $0.clientHints["sec-ch-ua"] = "\"Chromium\";v=\"1\", \"Microsoft Edge\";v=\"1\""
        },
        Case("S11", "hints of a browser that sends none") {
            $0.userAgent = "Mozilla/5.0 (Windows NT 10.0; rv:127.0) Gecko/20100101 Firefox/127.0"
            $0.browser = "Firefox"
        },
        Case("S12", "no cores") { $0.cpuCores = 0 },
        Case("S12", "too many cores") { $0.cpuCores = 257 },
        Case("S12", "too much memory") { $0.memoryGib = 1_025 },
    ]

    @Test("each contradiction is found alone, with its weight", arguments: cases)
    func signal(_ one: Case) throws {
        let findings = try Self.findings(one.device)
        #expect(findings.signals == [one.signal])
        #expect(findings.weight == one.weight && findings.isSpoofed == (one.weight >= 2))
        #expect(findings.score == (one.weight >= 2 ? 40 : 0))
    }

    @Test("what is not said contradicts nothing", arguments: cases)
    func missing(_ one: Case) throws {
        // Each input of the contradiction alone, or without its counterpart.
        let device = one.device
        let parts: [Device] = [
            Device(os: device.os), Device(userAgent: device.userAgent),
            Device(browser: device.browser), Device(timezone: device.timezone),
            Device(utcOffsetMin: device.utcOffsetMin), Device(platform: device.platform),
            Device(languages: device.languages), Device(acceptLanguage: device.acceptLanguage),
            Device(gpuInfo: device.gpuInfo), Device(touchPoints: 0),
        ]
        for part in parts {
            #expect(try Self.findings(part).signals.isEmpty, "\(one.testDescription)")
        }
    }

    @Test("two light contradictions are spoofing; all of them are still at most 100")
    func weights() throws {
        var device = Self.desktop
        device.browser = "Firefox"
        device.cpuCores = 0
        let findings = try Self.findings(device)
        #expect(findings.signals == ["S02", "S12"] && findings.isSpoofed && findings.score == 40)
        device.gpuInfo = "VirtualBox Mali"
        device.installID = "i1"
        let id = try Self.findings(device).id
        let worst = try Self.findings(device, Self.knowledge(id))
        #expect(worst.score == 100 && worst.isKnown && worst.isEmulator)
        #expect(
            worst.message.flags == [
                "fingerprint_spoofing", "known_fraud_device", "emulator_detected",
            ])
    }

    @Test(
        "each marker of an emulator is found, in graphics and model, in any case",
        arguments: [
            "goldfish", "Ranchu", "Android Emulator", "BlueStacks", "Genymotion", "VirtualBox",
            "VBOX", "VMware", "virgl",
        ])
    func emulators(_ marker: String) throws {
        #expect(try Self.findings(Device(gpuInfo: "x \(marker) y")).isEmulator)
        #expect(try Self.findings(Device(model: marker)).isEmulator)
    }

    @Test("builds, software renderers of phones and dead sensors are emulators")
    func emulatorHardware() throws {
        func isEmulator(_ device: Device) throws -> Bool { try Self.findings(device).isEmulator }
        #expect(try isEmulator(Device(buildTags: ["sdk_gphone64_arm64"])))
        #expect(try isEmulator(Device(buildTags: ["google_sdk"])))
        #expect(try isEmulator(Device(buildTags: ["test-keys", "generic_x86"])))
        #expect(try !isEmulator(Device(buildTags: ["test-keys"])))
        #expect(try !isEmulator(Device(buildTags: ["generic_x86"])))
        #expect(try isEmulator(Device(gpuInfo: "Google SwiftShader", os: "Android 14")))
        #expect(try isEmulator(Device(gpuInfo: "llvmpipe", os: "iOS 17")))
        // Remote desktops have them, too.
        #expect(try !isEmulator(Device(gpuInfo: "llvmpipe", os: "Ubuntu 24.04")))
        #expect(try isEmulator(Device(os: "Android", sensors: 0, batteryConstant: true)))
        #expect(try !isEmulator(Device(os: "Android", sensors: 0)))
        #expect(try !isEmulator(Device(os: "Windows", sensors: 0, batteryConstant: true)))
    }

    @Test("the strongest name counts, and says nothing without the tenant's key")
    func identity() throws {
        var device = Self.desktop
        let fingerprint = try Self.findings(device)
        #expect(fingerprint.strength == "fingerprint" && fingerprint.id.utf8.count == 64)
        device.installID = "app-1"
        let installed = try Self.findings(device)
        #expect(installed.strength == "installed" && installed.id != fingerprint.id)
        device.attestationKeyID = "app-1"
        let attested = try Self.findings(device)
        // The same text as another kind of name is another device.
        #expect(attested.strength == "attested" && attested.id != installed.id)
        device.attestation = "failed"
        #expect(try Self.findings(device).strength == "installed")
        #expect(try Self.findings(Device(gpuInfo: "x", os: "y")).id.isEmpty)
        let analyzer = DeviceAnalyzer(keys: Self.keys, rules: try Repository.shippedRules())
        let mine = analyzer.findings(on: device, of: "acme", at: Self.winter)
        let other = analyzer.findings(on: device, of: "bank", at: Self.winter)
        #expect(mine.id == installed.id && other.id != mine.id)
        var turned = Self.desktop
        turned.screen = AssayRiskV1.Screen(width: 1_080, height: 1_920)
        #expect(try Self.findings(turned).id == fingerprint.id)
    }

    @Test("a device is known from when it was listed until the entry ends, by the event's time")
    func known() throws {
        let id = try Self.findings(Self.desktop).id
        func isKnown(_ line: String) throws -> Bool {
            try Self.findings(Self.desktop, Self.knowledge("# devices\n\(line)\n")).isKnown
        }
        #expect(try isKnown(id))
        #expect(try isKnown("\(id);bank;2026-03-01"))
        #expect(try !isKnown("\(id);bank;2026-03-02"))
        #expect(try isKnown("\(id);bank;;2026-03-02"))
        #expect(try !isKnown("\(id);bank;2025-01-01;2026-03-01T11:00:00Z"))
        #expect(try !isKnown("0\(id.dropFirst())"))
    }

    @Test("blank canvases are the shipped words and a list")
    func blank() throws {
        var device = Self.desktop
        device.canvasFingerprint = "D41D8CD98F00B204"
        let knowledge = try Self.knowledge(blank: "d41d8cd98f00b204;empty image\n")
        #expect(try Self.findings(device, knowledge).signals == ["S10"])
    }

    @Test("hostile devices are analysed, and the same device always comes out the same")
    func hostile() throws {
        var generator = SeededGenerator(seed: 88)
        let knowledge = try Self.knowledge()
        func text(_ most: Int) -> String {
            let count = Int.random(in: 0...most, using: &generator)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            return String(decoding: bytes, as: UTF8.self)
        }
        func number() -> Int32? {
            switch Int.random(in: 0...4, using: &generator) {
            case 0: nil
            case 1: .min
            case 2: .max
            case 3: 0
            default: Int32.random(in: -2_000...2_000, using: &generator)
            }
        }
        for round in 0..<3_000 {
            let size = round % 500 == 0 ? 20_000 : 300
            let list = (0..<(round % 500 == 0 ? 5_000 : 5)).map { _ in text(40) }
            let device = Device(
                canvasFingerprint: text(size), webglFingerprint: text(size), gpuInfo: text(size),
                browser: text(size), os: text(size), userAgent: text(size), installID: text(20),
                platform: text(size), timezone: round % 2 == 0 ? "Europe/London" : text(60),
                languages: list,
                clientHints: [
                    "sec-ch-ua": text(size), "sec-ch-ua-platform": text(size),
                    "sec-ch-ua-mobile": text(3),
                ], buildTags: list,
                screen: AssayRiskV1.Screen(
                    width: number(), height: number(), availableWidth: number(),
                    availableHeight: number(), pixelRatio: .nan),
                utcOffsetMin: number(), touchPoints: number(), cpuCores: number(),
                memoryGib: number(), sensors: number(), model: text(size),
                acceptLanguage: text(size))
            let second = round % 3 == 0 ? Int64.min : round % 3 == 1 ? .max : Self.winter
            let first = try Self.findings(device, at: second, knowledge)
            #expect(try Self.findings(device, at: second, knowledge) == first, "round \(round)")
            #expect((0...100).contains(first.score))
        }
    }

    @Test("the analysis stands in the decision, its record and the rules' facts")
    func decision() async throws {
        let harness = try RiskHarness()
        var request = RiskHarness.payment()
        request.device = Self.phone
        request.device?.gpuInfo = "goldfish"
        request.device?.touchPoints = 0
        let decision = try await harness.assess(request).decision
        let result = try #require(decision.fingerprint)
        #expect(result.emulatorDetected && result.spoofingDetected && result.score == 90)
        #expect(result.signals == ["S04"] && result.strength == "fingerprint")
        let rules = decision.flags.map(\.rule)
        #expect(rules.contains("DEV-001") && rules.contains("DEV-002"))
        #expect(!rules.contains("DEV-003"))
        let bytes = try #require(
            try harness.store.get([0, 0, 0, 0, 0, 0, 0, 1], in: DecisionLog.records))
        let record: AssayRiskV1.DecisionRecord = try SealedRecord.open(bytes)
        #expect(record.outcome.fingerprint == result && record.zoneTable.count == 32)
        let without = try await RiskHarness().assess(RiskHarness.payment()).decision
        #expect(without.fingerprint == nil)
    }
}

@Suite struct ZoneReaderTests {
    @Test("wrong lines of the zone table are told with their place")
    func problems() {
        var reader = ZoneReader()
        let text = "zone\toffsets\nA\t60\nB\t=C\nA\t0\nD\t60 x:1\nE\t9999\nF\nG\t=A\n"
        let table = reader.read(RuleSources.File(name: "zones.tsv", text: text))
        #expect(reader.problems.map(\.line) == [3, 4, 5, 6, 7])
        #expect(table.offset(of: "G", at: 0 as Int64) == 3_600)
        #expect(table.offset(of: "B", at: 0 as Int64) == nil)
    }

    @Test("the shipped table has the zones of the world and their summer times")
    func shipped() throws {
        var reader = ZoneReader()
        let text = try String(
            contentsOf: Repository.rules.appending(path: "zones.tsv"), encoding: .utf8)
        let table = reader.read(RuleSources.File(name: "zones.tsv", text: text))
        #expect(reader.problems.isEmpty)
        for (zone, winter, summer) in [
            ("Europe/London", 0, 60), ("America/New_York", -300, -240), ("Asia/Kolkata", 330, 330),
            ("Australia/Sydney", 660, 600), ("UTC", 0, 0), ("Asia/Kathmandu", 345, 345),
        ] {
            let first = table.offset(of: zone, at: DeviceAnalysisTests.winter)
            let second = table.offset(of: zone, at: DeviceAnalysisTests.summer)
            #expect(first == Int64(winter) * 60 && second == Int64(summer) * 60, "\(zone)")
        }
    }
}
