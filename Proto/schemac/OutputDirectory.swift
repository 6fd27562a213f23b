internal import Foundation
internal import SchemaCompiler

/// A directory that the compiler writes to. Files that it wrote once and writes no longer are
/// removed; it knows them by their first line.
struct OutputDirectory {
    let path: String
    /// Of the names of generated files; without it nothing is removed.
    var suffix: String?

    struct Difference: CustomStringConvertible {
        let path: String
        let state: String
        var description: String { "  \(path): \(state)" }
    }

    /// The files that are missing, changed, or no longer generated.
    func drift(from files: [OutputFile]) throws -> [Difference] {
        var result: [Difference] = []
        for file in files {
            let path = "\(path)/\(file.path)"
            guard let data = FileManager.default.contents(atPath: path) else {
                result.append(Difference(path: path, state: "missing"))
                continue
            }
            if Array(data) != file.bytes {
                result.append(Difference(path: path, state: "changed"))
            }
        }
        for name in strays(besides: files) {
            result.append(Difference(path: "\(path)/\(name)", state: "no longer generated"))
        }
        return result
    }

    func write(_ files: [OutputFile]) throws {
        for difference in try drift(from: files) where difference.state != "changed" {
            if difference.state == "no longer generated" {
                try FileManager.default.removeItem(atPath: difference.path)
            }
        }
        for file in files {
            let url = URL(filePath: "\(path)/\(file.path)")
            do {
                if FileManager.default.contents(atPath: url.path) == Data(file.bytes) {
                    continue
                }
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(file.bytes).write(to: url, options: .atomic)
            } catch {
                throw Failure.input("cannot write '\(url.path)'")
            }
        }
    }

    private func strays(besides files: [OutputFile]) -> [String] {
        guard let suffix else { return [] }
        let expected = Set(files.map(\.path))
        let present = (try? FileManager.default.subpathsOfDirectory(atPath: path)) ?? []
        return present.filter { name in
            name.hasSuffix(suffix) && !expected.contains(name) && isGenerated(name)
        }.sorted()
    }

    private func isGenerated(_ name: String) -> Bool {
        let data = FileManager.default.contents(atPath: "\(path)/\(name)") ?? Data()
        return data.starts(with: Data(OutputFile.marker.utf8))
    }
}
