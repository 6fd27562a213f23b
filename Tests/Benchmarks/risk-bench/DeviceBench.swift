import AssayMessages
import RiskCore
import Wire

/// What the analysis of a device costs.
enum DeviceBench {
    static func measure(_ rules: RuleSet, _ rounds: Int) {
        let analyzer = DeviceAnalyzer(
            keys: TenantKeys(secret: [UInt8](repeating: 7, count: 32)), rules: rules)
        var weight = 0
        var installed = desktop
        installed.installID = "0f9d8a3e-6c51-4b0e-9d5e-2f1b7a9c3d10"
        for (name, device) in [
            ("an installed app", installed), ("a browser by its fingerprint", desktop),
            ("an emulator", emulator),
        ] {
            let measured = Measurement(rounds) {
                weight += analyzer.findings(on: device, of: "bench", at: 1_772_366_000).score
            }
            measured.report("device analysis, \(name)")
        }
        precondition(weight > 0)
    }

    /// Says everything, and nothing that contradicts.
    private static let desktop = AssayRiskV1.Device(
        canvasFingerprint: "9b0d7c3e5f11a2b4c6d8e0f213243546",
        webglFingerprint: "5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d",
        gpuInfo: "ANGLE (NVIDIA, NVIDIA GeForce RTX 3060 Direct3D11 vs_5_0 ps_5_0, D3D11)",
        browser: "Chrome", os: "Windows 11",
        userAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like "
            + "Gecko) Chrome/126.0.0.0 Safari/537.36",
        browserVersion: "126.0", osVersion: "11", platform: "Win32", timezone: "Europe/Berlin",
        languages: ["de-DE", "de", "en-US", "en"],
        clientHints: [
            "sec-ch-ua": "\"Chromium\";v=\"126\", \"Google Chrome\";v=\"126\"",
            "sec-ch-ua-platform": "\"Windows\"", "sec-ch-ua-mobile": "?0",
        ],
        screen: AssayRiskV1.Screen(
            width: 1_920, height: 1_080, availableWidth: 1_920, availableHeight: 1_040,
            pixelRatio: 1),
        utcOffsetMin: 60, touchPoints: 0, cpuCores: 12, memoryGib: 32,
        canvasRepeatDiffers: false, acceptLanguage: "de-DE,de;q=0.9,en;q=0.8")

    private static let emulator = AssayRiskV1.Device(
        gpuInfo: "Android Emulator OpenGL ES Translator (Google SwiftShader)", os: "Android 14",
        installID: "0f9d8a3e-6c51-4b0e-9d5e-2f1b7a9c3d10",
        buildTags: ["sdk_gphone64_x86_64-user", "test-keys", "generic_x86_64"],
        touchPoints: 5, sensors: 0, batteryConstant: true, model: "sdk_gphone64_x86_64")
}
