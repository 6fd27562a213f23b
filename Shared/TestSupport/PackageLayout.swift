internal import Foundation

/// Where things are while tests run.
public enum PackageLayout {
    /// The folder of Package.swift.
    public static let root: String = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    /// The full path of a program of this package, built beside the running tests; nil if it was not built.
    public static func executable(_ name: String) -> String? {
        let program = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        let candidates = [
            program.deletingLastPathComponent(),
            Bundle.main.bundleURL,
            URL(filePath: root).appending(path: ".build/debug"),
        ]
        return candidates.map { $0.appending(path: name).path }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}
