/// The names that rules know operating systems by: windows, macos, linux, android, ios, chromeos.
enum OperatingSystemName {
    /// The system of a reported name such as `Mac OS X 10.15`; a name nobody knows in lower case.
    static func normalised(_ name: String) -> String {
        let lower = name.lowercased()
        return first(of: reported, in: lower) ?? lower
    }

    /// The system that a user agent names; empty if it names none.
    static func found(inUserAgent agent: String) -> String {
        first(of: agents, in: agent.lowercased()) ?? ""
    }

    /// In the order in which they are looked for: an Android agent names Linux too, an iPhone's
    /// says `like Mac OS X`.
    private static let agents: [(part: [UInt8], system: String)] = [
        ("windows", "windows"), ("android", "android"), ("iphone", "ios"), ("ipad", "ios"),
        ("ipod", "ios"), ("cros ", "chromeos"), ("mac os", "macos"), ("macintosh", "macos"),
        ("linux", "linux"), ("x11", "linux"),
    ].map { (Array($0.0.utf8), $0.1) }

    private static let reported: [(part: [UInt8], system: String)] = [
        ("windows", "windows"), ("android", "android"), ("ipados", "ios"), ("iphone", "ios"),
        ("chrome os", "chromeos"), ("chromeos", "chromeos"), ("cros", "chromeos"),
        ("mac os", "macos"), ("macos", "macos"), ("darwin", "macos"), ("os x", "macos"),
        ("ubuntu", "linux"), ("linux", "linux"),
    ].map { (Array($0.0.utf8), $0.1) }

    private static func first(
        of names: [(part: [UInt8], system: String)], in text: String
    ) -> String? {
        if text.isEmpty { return nil }
        if text == "ios" { return "ios" }
        var text = text
        return text.withUTF8 { bytes in
            names.first { contains($0.part, bytes) }?.system
        }
    }

    private static func contains(
        _ part: [UInt8], _ bytes: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        guard bytes.count >= part.count else { return false }
        for start in 0...(bytes.count - part.count) where bytes[start] == part[0] {
            var index = 1
            while index < part.count, bytes[start + index] == part[index] { index += 1 }
            if index == part.count { return true }
        }
        return false
    }
}
