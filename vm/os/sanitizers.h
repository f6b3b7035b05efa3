// INDENT_ADDRESS_SANITIZER and INDENT_THREAD_SANITIZER: 1 in a build with that sanitizer, else 0; asked with #if. Here
// alone, since files are compiled together in some builds and what one defines the next one sees.
#pragma once

#ifdef __has_feature
#define INDENT_BUILT_WITH(sanitizer) __has_feature(sanitizer)
#else
#define INDENT_BUILT_WITH(sanitizer) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || INDENT_BUILT_WITH(address_sanitizer)
#define INDENT_ADDRESS_SANITIZER 1
#else
#define INDENT_ADDRESS_SANITIZER 0
#endif

#if defined(__SANITIZE_THREAD__) || INDENT_BUILT_WITH(thread_sanitizer)
#define INDENT_THREAD_SANITIZER 1
#else
#define INDENT_THREAD_SANITIZER 0
#endif

#undef INDENT_BUILT_WITH
