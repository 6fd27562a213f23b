import Foundation
import ModelCore

/// Experiment files as a person names them: files, or folders of them.
enum ExperimentFolder {
    static func files(_ paths: [String]) throws -> [String] {
        try paths.flatMap { path -> [String] in
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
                throw Complaint("\(path): there is no such file or folder")
            }
            guard isFolder.boolValue else { return [path] }
            let folder = path.hasSuffix("/") ? String(path.dropLast()) : path
            let found =
                try yaml("\(folder)/holdouts") + yaml("\(folder)/shadows") + yaml(folder)
            if found.isEmpty { throw Complaint("\(path): no .yaml file in it") }
            return found
        }
    }

    /// The files of a folder, sorted; none if there is no such folder.
    private static func yaml(_ folder: String) throws -> [String] {
        guard FileManager.default.fileExists(atPath: folder) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            .filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }.map { "\(folder)/\($0)" }
    }

    static func text(_ path: String) throws -> String {
        guard let text = String(validating: try NamedFile.bytes(path), as: UTF8.self) else {
            throw Complaint("\(path): it is not UTF-8 text")
        }
        return text
    }

    typealias File = (path: String, text: String)

    /// Files of holdouts, and all others.
    static func parted(_ files: [File]) -> (holdouts: [File], others: [File]) {
        func isHoldout(_ file: File) -> Bool {
            if case .holdout? = try? RoutingFile(yaml: file.text, name: file.path) { return true }
            return false
        }
        return (files.filter(isHoldout), files.filter { !isHoldout($0) })
    }
}
