/* notify.h - tells the service manager how things stand (sd_notify's protocol): READY=1, RELOADING=1, STOPPING=1. */
#ifndef GATEWAY_NOTIFY_H
#define GATEWAY_NOTIFY_H

/* Sends the lines to $NOTIFY_SOCKET; nothing where there is none. */
void notify_manager(const char *lines);

#endif
