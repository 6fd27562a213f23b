import Foundation

/// What a user should know and no program reads.
enum StandardError {
    static func note(_ text: String) {
        FileHandle.standardError.write(Data("note: \(text)\n".utf8))
    }
}
