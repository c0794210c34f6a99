#!/bin/sh
# libvedette does no I/O, keeps no clock and starts no thread: pure.sh OBJECT-OR-ARCHIVE…
# Looks at what each object needs from outside (nm -u).  base/mem.c alone may use the heap, and prints one line
# before it aborts on our own mistake.
set -eu
heap='malloc|calloc|realloc|reallocarray|aligned_alloc|posix_memalign|memalign|strdup|strndup|free'
files='open(at)?(64)?|creat(64)?|close|p?(read|write)v?(64)?|lseek(64)?|[lf]?stat(at|x)?(64)?|unlink|rename|mmap(64)?|opendir|readdir(64)?|scandir(64)?'
stdio='f?(open|close|read|write|put[sc]|get[sc]|flush|seek|tell)(64)?|puts|putchar|_?_?v?f?printf(_chk)?|v?dprintf|getline|perror|std(in|out|err)|_IO_.*'
net='socket(pair)?|connect|bind|listen|accept4?|send(to|msg)?|recv(from|msg)?|poll|select|epoll_.*|getaddrinfo'
world='time|clock|clock_gettime|gettimeofday|localtime(_r)?|mktime|nanosleep|sleep|usleep|getenv|secure_getenv|setenv|setlocale|syslog|syscall|dlopen'
process='exit|_exit|abort|_Exit|raise|kill|signal|sigaction|fork|vfork|exec[lv]p?e?|popen|system|pthread_(create|detach|join|kill)|thrd_create'
all="$heap|$files|$stdio|$net|$world|$process"
bad=$(nm -A -u "$@" | sed -n 's/^\(.*\):  *[Uw] \([^@]*\).*/\1 \2/p' | awk -v all="^($all)$" -v heap="^($heap|abort|fprintf|__fprintf_chk|stderr)$" '
	$2 ~ all && !($1 ~ /(base_|\/|^)mem(\.c)?\.o:?$/ && $2 ~ heap) { print $1 ": the pure library may not use " $2 }')
[ -z "$bad" ] || { printf '%s\n' "$bad"; exit 1; }
