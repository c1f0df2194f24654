// Gives `deno check` Bun's types. Unpublished: users do not fetch them.
/// <reference types="npm:bun-types@1.4.5" />
