public import FeatureEngine
internal import Foundation

/// The texts of a definition set: its files, and the lists that they name.
public struct DefinitionSources: Sendable {
    /// By path within the folder, such as `cards.yaml` or `lists/countries.txt`.
    public let texts: [String: String]
    /// What errors say before a path.
    let prefix: String

    /// - Parameter texts: of any origin; what is too large or not a path is reported by `compile`.
    public init(_ texts: [String: String]) {
        self.texts = texts
        prefix = ""
    }

    /// Reads the `.yaml` files of a folder, and the text files of folders in it.
    public init(folder path: String) throws {
        let folder = URL(filePath: path, directoryHint: .isDirectory)
        var texts: [String: String] = [:]
        var bytes = 0
        for name in try Self.names(in: folder) {
            let file = folder.appending(path: name)
            let size = (try? file.resourceValues(forKeys: [.fileSizeKey]))?.fileSize ?? 0
            bytes += size
            guard bytes <= DefinitionParser.maximumBytes else {
                throw FolderError(
                    path: path, problem: "is larger than the 4 MiB of a definition set")
            }
            do {
                texts[name] = try String(contentsOf: file, encoding: .utf8)
            } catch {
                throw FolderError(path: file.path, problem: "cannot be read as UTF-8 text")
            }
        }
        self.texts = texts
        prefix = path.hasSuffix("/") ? path : path + "/"
    }

    private static func names(in folder: URL) throws -> [String] {
        func contents(_ path: String) -> [String]? {
            try? FileManager.default.contentsOfDirectory(atPath: path)
        }
        guard let found = contents(folder.path) else {
            throw FolderError(
                path: folder.path,
                problem: "is no folder of definitions; say where it is with --definitions DIR")
        }
        var names: [String] = []
        for name in found where !name.hasPrefix(".") {
            if isDefinitionFile(name) || name == VectorLock.fileName { names.append(name) }
            let inner = contents(folder.appending(path: name).path) ?? []
            names += inner.filter { $0.hasSuffix(".txt") }.map { "\(name)/\($0)" }
        }
        return names.sorted()
    }

    static func isDefinitionFile(_ name: String) -> Bool {
        name.hasSuffix(".yaml") || name.hasSuffix(".yml")
    }

    // MARK: Compiling

    public func compile() throws(DefinitionError) -> DefinitionSet {
        try DefinitionCompiler.compile(try parse(), lock: try lock())
    }

    /// The fingerprints that versions of vectors had when they were applied.
    public func lock() throws(DefinitionError) -> VectorLock {
        guard let text = texts[VectorLock.fileName] else { return VectorLock() }
        return try VectorLock(text, file: prefix + VectorLock.fileName)
    }

    /// Every file as declarations, with the entries of its lists.
    public func parse() throws(DefinitionError) -> [DefinitionFile] {
        let bytes = texts.reduce(0) { $0 + $1.value.utf8.count }
        guard bytes <= DefinitionParser.maximumBytes else {
            throw DefinitionError([
                DefinitionProblem(
                    "a definition set has at most 4 MiB, this one \(bytes) bytes",
                    at: SourceLocation(file: prefix, line: 1, column: 1))
            ])
        }
        var files: [DefinitionFile] = []
        var problems: [DefinitionProblem] = []
        for name in texts.keys.sorted() where Self.isDefinitionFile(name) {
            do {
                var file = try DefinitionParser.parse(texts[name] ?? "", file: prefix + name)
                for index in file.lists.indices { fill(&file.lists[index], &problems) }
                files.append(file)
            } catch {
                problems += error.problems
            }
        }
        guard problems.isEmpty else { throw DefinitionError(problems) }
        return files
    }

    /// A list has an entry per line; what follows `#` is a comment.
    private func fill(_ list: inout ListDeclaration, _ problems: inout [DefinitionProblem]) {
        guard let file = list.file else { return }
        guard let text = texts[file.value] else {
            let hint = NearestName.hint(
                file.value, among: texts.keys.filter { !Self.isDefinitionFile($0) })
            problems.append(
                DefinitionProblem(
                    "there is no file \"\(file.value)\" beside the definitions\(hint)",
                    at: file.location))
            return
        }
        list.entries = text.split(whereSeparator: \.isNewline).compactMap { line in
            let entry = line.prefix { $0 != "#" }.trimmingCharacters(in: .whitespaces)
            return entry.isEmpty ? nil : entry
        }
    }
}

private struct FolderError: Error, CustomStringConvertible {
    let path: String
    let problem: String

    var description: String { "\(path) \(problem)" }
}
